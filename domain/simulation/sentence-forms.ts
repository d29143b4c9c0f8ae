import { holidayOn } from '../calendar/holidays.ts';
import { localDay, minuteOfDay, weekdayOf } from '../calendar/local-time.ts';
import { DAY, HOUR } from '../instant.ts';
import { spansOf } from '../pacing/policy.ts';
import { mostWithin } from './figures.ts';
import { type NewJudge, ofEveryLead, ofFigure, ofShare } from './judge.ts';
import { type EntryOf, entriesOf, type Life } from './life.ts';
import { minuteInWords } from './local-words.ts';

/** A sentence that can stand under `expect`. */
export interface SentenceForm {
  /** As it is shown to whoever wrote another one. */
  readonly example: string;
  /** Of the sentence in lower case outside of quotes; its groups are the parts that may be chosen. */
  readonly pattern: RegExp;
  judge(parts: readonly string[]): NewJudge;
  /** Which of the parts name templates or sequences. */
  readonly names?: readonly (readonly [part: number, of: 'template' | 'sequence'])[];
}

const NUMBER = '(\\d+(?:\\.\\d+)?)';
const BOUND = '(at least|at most)';
const NAME = '"([^"]+)"';
const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

function form(
  example: string,
  pattern: string,
  judge: SentenceForm['judge'],
  names: SentenceForm['names'] = [],
): SentenceForm {
  return { example, pattern: new RegExp(`^${pattern}$`), judge, names };
}

/** Every sentence that is understood. Another one is an entry here. */
export const sentenceForms: readonly SentenceForm[] = [
  form(
    'no lead gets more than 2 mails in any 7 days',
    `no lead gets more than ${NUMBER} mails? in any ${NUMBER} (days?|hours?)`,
    ([most, length, unit = '']) =>
      ofEveryLead((life) => {
        const ms = Number(length) * (unit.startsWith('day') ? DAY : HOUR);
        const sent = entriesOf(life, 'mail').map(({ at }) => at);
        const found = mostWithin(sent, ms);
        if (found <= Number(most)) return null;
        const at = sent.find((last) => sent.filter((one) => one <= last && one > last - ms).length > Number(most));
        return { at: at ?? 0, text: `gets ${found} in ${length} ${unit}` };
      }),
  ),
  form('no lead gets more than 12 mails', `no lead gets more than ${NUMBER} mails?(?: in all)?`, ([most]) =>
    ofEveryLead((life) => {
      const sent = entriesOf(life, 'mail');
      const one = sent[Number(most)];
      return one === undefined ? null : { at: one.at, text: `gets ${sent.length}` };
    }),
  ),
  form(
    'no mail is sent between 20:00 and 08:00',
    'no mail is sent between (\\d\\d:\\d\\d) and (\\d\\d:\\d\\d)',
    ([from = '', to = '']) =>
      ofEveryMail((mail) => {
        const minute = minuteOfDay(mail.at, mail.calendar.zone);
        const within = spansOf({ from, to }).some((span) => minute >= span.from && minute < span.to);
        return within ? `gets "${mail.template}" at ${minuteInWords(mail.at, mail.calendar.zone)}` : null;
      }),
  ),
  form('no mail is sent on a public holiday', 'no mail is sent on (?:a )?(?:public )?holidays?', () =>
    ofEveryMail((mail) => {
      const name = holidayOn(localDay(mail.at, mail.calendar.zone), mail.calendar);
      return name === null ? null : `gets "${mail.template}" on ${name}`;
    }),
  ),
  form('no mail is sent on Sunday', `no mail is sent on (?:a )?(${WEEKDAYS.join('|')}|weekend)s?`, ([day = '']) =>
    ofEveryMail((mail) => {
      const on = WEEKDAYS[weekdayOf(localDay(mail.at, mail.calendar.zone)) - 1] ?? '';
      const meant = day === 'weekend' ? on === 'saturday' || on === 'sunday' : on === day;
      return meant ? `gets "${mail.template}" at ${minuteInWords(mail.at, mail.calendar.zone)}` : null;
    }),
  ),
  form('no mail is sent while sales has the lead', 'no mail is sent while sales has the lead', () =>
    ofEveryLead((life) => {
      let open = false;
      for (const entry of life.entries) {
        if (entry.kind === 'offered') open = true;
        if (entry.kind === 'closed') open = false;
        if (entry.kind === 'mail' && open) return { at: entry.at, text: `gets "${entry.template}" meanwhile` };
      }
      return null;
    }),
  ),
  form('no mail is dropped', 'no mail is dropped', () =>
    ofEveryLead((life) => {
      const dropped = entriesOf(life, 'withheld').find(({ state }) => state === 'dropped');
      return dropped === undefined
        ? null
        : { at: dropped.at, text: `does not get "${dropped.template}" (${dropped.reason})` };
    }),
  ),
  form('no mail is dropped at its deadline', 'no mail is dropped at its deadline', () =>
    ofEveryLead((life) => {
      const dropped = entriesOf(life, 'withheld').find(({ reason }) => reason === 'deadline-passed');
      return dropped === undefined ? null : { at: dropped.at, text: `does not get "${dropped.template}"` };
    }),
  ),
  form('no mail waits longer than 5 days', `no mail waits longer than ${NUMBER} (days?|hours?)`, ([most, unit = '']) =>
    ofEveryMail((mail) => {
      const ms = unit.startsWith('day') ? DAY : HOUR;
      const waited = (mail.at - mail.dueAt) / ms;
      return waited > Number(most) ? `waits ${Math.round(waited * 10) / 10} ${unit} for "${mail.template}"` : null;
    }),
  ),
  form(
    'at least 60 % of leads get "painting-supplies"',
    `${BOUND} ${NUMBER} ?% of (?:the )?leads get ${NAME}`,
    ([bound, percent, template]) =>
      ofShare(asBound(bound), Number(percent), (life) => firstMail(life, template) !== undefined),
    [[2, 'template']],
  ),
  form(
    'at least 40 % of leads get "painting-supplies" within 14 days',
    `${BOUND} ${NUMBER} ?% of (?:the )?leads get ${NAME} within ${NUMBER} days?`,
    ([bound, percent, template, days]) =>
      ofShare(asBound(bound), Number(percent), (life) => {
        const mail = firstMail(life, template);
        return mail !== undefined && mail.at <= life.arrivedAt + Number(days) * DAY;
      }),
    [[2, 'template']],
  ),
  form(
    'no lead gets "painting-supplies" before "newsletter"',
    `no lead gets ${NAME} before ${NAME}`,
    ([first, second]) =>
      ofEveryLead((life) => {
        const mail = firstMail(life, first);
        const before = firstMail(life, second);
        const late = mail !== undefined && (before === undefined || before.at > mail.at);
        return late ? { at: mail.at, text: `gets "${first}" and had not got "${second}"` } : null;
      }),
    [
      [0, 'template'],
      [1, 'template'],
    ],
  ),
  form(
    'no lead gets "painting-supplies" more than 1 time',
    `no lead gets ${NAME} more than ${NUMBER} times?`,
    ([template, most]) =>
      ofEveryLead((life) => {
        const mails = entriesOf(life, 'mail').filter((mail) => mail.template === template);
        const one = mails[Number(most)];
        return one === undefined ? null : { at: one.at, text: `gets it ${mails.length} times` };
      }),
    [[0, 'template']],
  ),
  form('nobody gets the same content twice', '(?:nobody|no lead) gets the same content twice', () =>
    ofEveryLead((life, { contents }) => {
      const got = new Set<string>();
      for (const { lineage, template, at } of entriesOf(life, 'mail')) {
        if (contents.get(template)?.repeatable === true) continue;
        if (got.has(lineage)) return { at, text: `gets "${template}" again` };
        got.add(lineage);
      }
      return null;
    }),
  ),
  form('no stream is exhausted', 'no stream is exhausted', () =>
    ofEveryLead((life) => {
      const [gap] = entriesOf(life, 'exhausted');
      if (gap === undefined) return null;
      const where = [gap.track === null ? 'no track' : `track "${gap.track}"`, gap.cell].filter(
        (part) => part !== null,
      );
      return { at: gap.at, text: `has nothing more in "${gap.stream}" of "${gap.sequence}" (${where.join(', ')})` };
    }),
  ),
  form(
    'at least 10 % of leads are offered to sales',
    `${BOUND} ${NUMBER} ?% of (?:the )?leads are offered to sales`,
    ([bound, percent]) => ofShare(asBound(bound), Number(percent), (life) => entriesOf(life, 'offered').length > 0),
  ),
  form('at most 2 % of leads unsubscribe', `${BOUND} ${NUMBER} ?% of (?:the )?leads unsubscribe`, ([bound, percent]) =>
    ofShare(asBound(bound), Number(percent), (life) =>
      entriesOf(life, 'consent').some(({ by }) => by === 'unsubscribe'),
    ),
  ),
  form(
    'at least 30 % of leads complete "stationery-newsletter"',
    `${BOUND} ${NUMBER} ?% of (?:the )?leads (complete|enter|leave) ${NAME}`,
    ([bound, percent, what, sequence]) =>
      ofShare(asBound(bound), Number(percent), (life) => went(life, what, sequence)),
    [[3, 'sequence']],
  ),
  form(
    'median time to sales is at most 30 days',
    `(?:the )?median time to sales is ${BOUND} ${NUMBER} days?`,
    ([bound, days]) =>
      ofFigure(({ sales: { daysMedian } }) => {
        if (daysMedian === null) return { holds: false, found: 'nobody is offered to sales' };
        const holds = bound === 'at least' ? daysMedian >= Number(days) : daysMedian <= Number(days);
        return { holds, found: `${Math.round(daysMedian * 10) / 10} days` };
      }),
  ),
  form('at most 40 handoffs a week', `${BOUND} ${NUMBER} handoffs? a week`, ([bound, most]) =>
    ofFigure(({ sales: { perWeek } }) => {
      const extreme = bound === 'at least' ? Math.min(...perWeek) : Math.max(...perWeek);
      const holds = bound === 'at least' ? extreme >= Number(most) : extreme <= Number(most);
      return { holds, found: `${extreme} in week ${perWeek.indexOf(extreme) + 1}` };
    }),
  ),
];

function asBound(text: string | undefined): 'at least' | 'at most' {
  return text === 'at least' ? 'at least' : 'at most';
}

function firstMail(life: Life, template: string | undefined): EntryOf<'mail'> | undefined {
  return entriesOf(life, 'mail').find((mail) => mail.template === template);
}

function went(life: Life, what: string | undefined, sequence: string | undefined): boolean {
  if (what === 'enter') return entriesOf(life, 'entered').some((entry) => entry.sequence === sequence);
  const state = what === 'complete' ? 'completed' : 'left';
  return entriesOf(life, 'ended').some((entry) => entry.sequence === sequence && entry.state === state);
}

function ofEveryMail(breachIn: (mail: EntryOf<'mail'>) => string | null): NewJudge {
  return ofEveryLead((life) => {
    for (const mail of entriesOf(life, 'mail')) {
      const text = breachIn(mail);
      if (text !== null) return { at: mail.at, text };
    }
    return null;
  });
}
