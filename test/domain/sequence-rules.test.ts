import { describe, expect, it } from 'vitest';
import { validateDefinition } from '../../domain/definition/validate.ts';
import { TendError } from '../../domain/errors.ts';
import { TEND_EVENTS } from '../../domain/interaction/event-match.ts';

const send = { id: 'hello', kind: 'send', template: 'hello' };
const pause = { id: 'pause', kind: 'wait', for: { days: 1 } };
const click = { kind: 'tend', event: 'Email Link Clicked' };
const answer = { id: 'answer', kind: 'waitFor', event: { event: 'Answered' }, timeout: { days: 3 } };

function problemsIn(content: object): string[] {
  try {
    validateDefinition('sequence', 's', { name: 'S', purpose: 'newsletter', steps: [send], ...content });
    return [];
  } catch (error) {
    if (!(error instanceof TendError)) throw error;
    return error.fields.map(({ path, problem }) => `${path} ${problem}`);
  }
}
const steps = (...list: unknown[]) => ({ steps: list });

const KINDS = 'send, wait, waitFor, branch, split, update, enrol, leave, webhook, notify, handOff, ask, goTo, end';
const RECORDED = TEND_EVENTS.join(', ');

describe('a malformed sequence is refused, with the place and the mend', () => {
  it.each<[string, object, string[]]>([
    ['an unknown kind of step', steps({ id: 'a', kind: 'sent' }), [`steps.0.kind must be one of ${KINDS}, not "sent"`]],
    ['a step without a kind', steps({ id: 'a', template: 'hello' }), [`steps.0 needs a kind, one of ${KINDS}`]],
    [
      'a step that is a word',
      steps('hello'),
      ['steps.0 must be a step, such as { id: hello, kind: send, template: hello }'],
    ],
    [
      'a misspelt field',
      steps({ ...send, tempalte: 'x' }),
      ['steps.0.tempalte is not a field here: leave it out, or check its spelling'],
    ],
    [
      'a field of another kind',
      steps({ id: 'a', kind: 'handOff', reasons: 'x' }),
      ['steps.0.reasons is not a field here: leave it out, or check its spelling'],
    ],
    ['no steps', steps(), ['steps needs at least one']],
    ['two steps of one id', steps(send, send), ['steps.1.id "hello" is used twice: each needs its own']],
    [
      'an id that means something',
      steps({ ...send, id: 'end' }),
      ['steps.0.id "end" means the end of the sequence: take another id'],
    ],
    [
      'an id with blanks',
      steps({ ...send, id: 'My step' }),
      ['steps.0.id must be lower-case letters, digits and hyphens, at most 63, for example welcome-mail'],
    ],
    ['send without content', steps({ id: 'a', kind: 'send' }), ['steps.0 needs either a template or a stream']],
    ['send with both', steps({ ...send, stream: 's' }), ['steps.0 needs either a template or a stream']],
    [
      'a stream that is not there',
      steps({ id: 'a', kind: 'send', stream: 'letters' }),
      ['steps.0.stream there is no stream "letters": add it under streams'],
    ],
    [
      'onExhausted of a template',
      steps({ ...send, onExhausted: 'end' }),
      ['steps.0.onExhausted is for streams: a template is never exhausted'],
    ],
    [
      'a deadline of nothing',
      steps({ ...send, deadline: { days: 0 } }),
      ['steps.0.deadline must be longer than nothing, for example { days: 2 }'],
    ],
    ['wait without an end', steps({ id: 'a', kind: 'wait' }), ['steps.0 needs one of for, businessDays and until']],
    ['wait with two ends', steps({ ...pause, businessDays: 2 }), ['steps.0 needs one of for, businessDays and until']],
    [
      'a bad time',
      steps({ id: 'a', kind: 'wait', until: { at: '9:00' } }),
      ['steps.0.until.at must be a time of day such as "09:00"'],
    ],
    [
      'a time that YAML took for a number',
      steps({ id: 'a', kind: 'wait', until: { at: 540 } }),
      ['steps.0.until.at must be a time of day such as "09:00", in quotes'],
    ],
    [
      'a weekday in full',
      steps({ id: 'a', kind: 'wait', until: { weekdays: ['tuesday'], at: '09:00' } }),
      ['steps.0.until.weekdays.0 must be one of mon, tue, wed, thu, fri, sat, sun'],
    ],
    [
      'half a business day',
      steps({ id: 'a', kind: 'wait', businessDays: 0.5 }),
      ['steps.0.businessDays must be a whole number'],
    ],
    [
      'a timeout of 0',
      steps({ ...answer, timeout: { days: 0 } }),
      ['steps.0.timeout must be longer than nothing, for example { days: 2 }'],
    ],
    [
      'a timeout below 0',
      steps({ ...answer, timeout: { days: -1 } }),
      [
        'steps.0.timeout.days must not be negative',
        'steps.0.timeout must be longer than nothing, for example { days: 2 }',
      ],
    ],
    [
      'no timeout',
      steps({ ...answer, timeout: undefined }),
      ['steps.0.timeout must be a length of time such as { days: 2, hours: 12 }'],
    ],
    [
      'a duration as a text',
      steps({ ...answer, timeout: '3 days' }),
      ['steps.0.timeout must be a length of time such as { days: 2, hours: 12 }'],
    ],
    ['waitFor nothing', steps({ ...answer, event: undefined }), ['steps.0 needs one of event, anyOf and allOf']],
    [
      'waitFor with when beside',
      steps({ ...answer, event: undefined, when: { stage: ['lead'] } }),
      ['steps.0.when belongs into event: { when: <a condition> }'],
    ],
    [
      'anyOf one',
      steps({ ...answer, event: undefined, anyOf: [{ signal: { event: 'A' } }] }),
      ['steps.0.anyOf needs two or more: for one write event'],
    ],
    [
      'an unknown event of Tend',
      steps({ ...answer, event: { kind: 'tend', event: 'Link Clicked' } }),
      [
        `steps.0.event can never match: Tend records no "Link Clicked", only ${RECORDED}: check its spelling, or leave out the kind`,
      ],
    ],
    [
      'an unknown property of a click',
      steps({ ...answer, event: { ...click, properties: { link: 'x' } } }),
      [
        'steps.0.event.properties.link "Email Link Clicked" has no property "link": it has message, template, sequence, step, url',
      ],
    ],
    [
      'an unknown kind of event',
      steps({ ...answer, event: { kind: 'click' } }),
      ['steps.0.event.kind must be one of track, identify, page, group, tend'],
    ],
    [
      'ofStep of no mail',
      steps(pause, { ...answer, event: click, ofStep: 'pause' }),
      ['steps.1.ofStep "pause" sends no mail: name a send or ask step'],
    ],
    [
      'ofStep of no step',
      steps({ ...answer, event: click, ofStep: 'hello' }),
      ['steps.0.ofStep there is no step "hello": name a send or ask step'],
    ],
    [
      'a target that is not there',
      steps({ ...answer, onEvent: 'thanks' }),
      ['steps.0.onEvent there is no step "thanks": name one that is, or "end"'],
    ],
    [
      'a target that lies behind',
      steps(send, { ...answer, onTimeout: 'hello' }),
      ['steps.1.onTimeout "hello" is not a later step: a sequence only goes forward, but for a goTo step'],
    ],
    [
      'a target that is itself',
      steps({ ...answer, onTimeout: 'answer' }),
      ['steps.0.onTimeout leads to itself: name another step'],
    ],
    [
      'a branch that goes back',
      steps(send, pause, { id: 'b', kind: 'branch', arms: [{ when: { stage: ['lead'] }, to: 'hello' }] }),
      ['steps.2.arms.0.to "hello" is not a later step: a sequence only goes forward, but for a goTo step'],
    ],
    ['a branch without arms', steps({ id: 'b', kind: 'branch', arms: [] }), ['steps.0.arms needs at least one']],
    [
      'a branch with a wrong condition',
      steps({ id: 'b', kind: 'branch', arms: [{ when: { leed: 'x' }, to: 'end' }] }),
      ['steps.0.arms.0.when is not a condition: it needs one of all, any, not, lead, account, stage, score, event'],
    ],
    [
      'an unreachable step',
      steps(send, { id: 'stop', kind: 'end' }, pause),
      [`steps.2 no way leads to the step "pause": name it as somebody's target, or take it out`],
    ],
    [
      'a split with one arm',
      steps({ id: 's', kind: 'split', arms: [{ id: 'a', to: 'end' }] }),
      ['steps.0.arms needs two arms or more'],
    ],
    [
      'a split of weight 0',
      steps({
        id: 's',
        kind: 'split',
        arms: [
          { id: 'a', to: 'end', weight: 0 },
          { id: 'b', to: 'end' },
        ],
      }),
      ['steps.0.arms.0.weight must be more than 0: leave the arm out instead'],
    ],
    [
      'an endless loop',
      steps(send, { id: 'again', kind: 'goTo', step: 'hello', atMost: 3 }),
      ['steps.1.step from "hello" back to here no time need pass: put a wait into the loop'],
    ],
    [
      'goTo without a bound',
      steps(pause, { id: 'again', kind: 'goTo', step: 'pause' }),
      ['steps.1.atMost must say how often it may jump, such as 3'],
    ],
    [
      'an update of nothing',
      steps({ id: 'u', kind: 'update' }),
      ['steps.0 changes nothing: add set, addTags or removeTags'],
    ],
    [
      'a tag added and removed',
      steps({ id: 'u', kind: 'update', addTags: ['vip'], removeTags: ['vip'] }),
      ['steps.0.removeTags.0 "vip" is added too: keep one'],
    ],
    ['a stream without tracks', { streams: [{ id: 'letters', tracks: [] }] }, ['streams.0.tracks needs at least one']],
    [
      'a track without contents',
      { streams: [{ id: 'letters', tracks: [{ id: 'a', contents: [] }] }] },
      ['streams.0.tracks.0.contents needs at least one'],
    ],
    [
      'a later track for everybody',
      {
        streams: [
          {
            id: 'letters',
            tracks: [
              { id: 'a', contents: ['x'] },
              { id: 'b', contents: ['y'] },
            ],
          },
        ],
      },
      [
        'streams.0.tracks.1.when is for everybody, so the tracks before it are never used: give it a condition, or put it first',
      ],
    ],
    [
      'an entry that is a word',
      { entry: ['Order Completed'] },
      ['entry.0 must be an event such as { event: Order Completed }, or { when: <a condition> }'],
    ],
    ['an entry of nothing', { entry: [{}] }, ['entry.0 needs an event name or a kind']],
    [
      'an entry by a wrong condition',
      { entry: [{ when: { lead: 'birthday' } }] },
      [
        'entry.0.when says nothing about the value: add a comparison such as is, in, atLeast, contains, inLast or exists',
      ],
    ],
    [
      'a goal that never happens',
      { goal: [{ kind: 'tend', event: 'Sold' }] },
      [`goal.0 can never match: Tend records no "Sold", only ${RECORDED}: check its spelling, or leave out the kind`],
    ],
    ['a wrong reentry', { reentry: 'always' }, ['reentry must be never, after-end, or { after: { days: 90 } }']],
    ['a priority of 101', { priority: 101 }, ['priority must be at most 100']],
    ['a stage that is none', { stages: ['prospect'] }, ['stages.0 must be one of lead, customer']],
    ['an unknown field', { exit: [] }, ['exit is not a field here: leave it out, or check its spelling']],
    ['no purpose', { purpose: undefined }, ['purpose is missing: it needs a text']],
  ])('%s', (_what, content, expected) => {
    expect(problemsIn(content)).toEqual(expected);
  });

  it('nothing is refused that is well formed', () => {
    expect(problemsIn(steps(send, answer, pause, { id: 'again', kind: 'goTo', step: 'hello', atMost: 3 }))).toEqual([]);
    expect(problemsIn(steps(send, { ...answer, onEvent: 'end', onTimeout: 'pause' }, pause))).toEqual([]);
  });

  it('names every problem at once, and hanging together last', () => {
    const problems = problemsIn(
      steps({ ...send, id: 'Hello' }, { ...pause, for: { weeks: 1 } }, { ...answer, timeout: {} }),
    );
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'steps.0.id',
      'steps.1.for.weeks',
      'steps.2.timeout',
    ]);
  });
});
