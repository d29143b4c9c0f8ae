import type { Request, Response } from 'express';
import { ALL_PURPOSES } from '../domain/consent/consent.ts';
import { TRACKING } from '../domain/consent/policy.ts';
import {
  OWN_LIMITS,
  PAUSE_WEEKS,
  type PreferenceEntry,
  pauseOf as pauseUntil,
} from '../domain/consent/preference-changes.ts';
import {
  changeInWords,
  languageName,
  limitInWords,
  pausedUntilInWords,
  preferenceWords,
  purposeWords,
  weeksInWords,
} from '../domain/consent/preference-words.ts';
import type { PageLanguage } from '../domain/consent/promise-in-words.ts';
import { inLocale } from '../domain/consent/purpose-names.ts';
import { chooseLocale } from '../domain/definition/template.ts';
import type { Instant } from '../domain/instant.ts';
import type { MailSender } from '../store/read-mail-sender.ts';
import type { PreferencesView, Topic } from '../store/read-preferences.ts';
import { escapeHtml, languageOf, maskedAddress, sendPage } from './pages.ts';
import { FIELDS, frequencyOf, pauseOf } from './preferences-form.ts';

const texts = {
  en: {
    title: (sender: string | null) => `Your mails${sender === null ? '' : ` from ${sender}`}`,
    whose: (address: string) => `What holds for mails to ${address}. Nothing changes before you press a button.`,
    unreadable: 'That did not arrive in full, and nothing was saved. Please choose once more and press the button.',
    'other-words':
      'The words of a topic have changed meanwhile, so nothing was saved. Please read them and choose once more.',
    'other-address':
      'Nothing was saved: from here you can end things, not get more mails. For that, please open a mail to the address that you use now.',
    saved: 'Saved. What changed:',
    nothing: 'It was all like that before: nothing has changed.',
    endedAll: 'You get no mails of any topic any more.',
    suppressed:
      'No mail is sent to this address at present, whatever is switched on here: mails did not arrive, or they were reported as unwanted. Please write to us if that is to change.',
    elsewhere:
      'This link went to an address that you don’t use for our mails any more. You can end things here; to get more mails, please open a newer mail.',
    noTopics: 'There are no topics to choose from at present.',
    stale: 'You agreed to it long ago, so we don’t write any more. Switch it on if it still holds.',
    contracts: (names: string) => `Mails that a contract or a request of yours needs come in any case: ${names}.`,
    endRunning: 'End the break',
  },
  de: {
    title: (sender: string | null) => `Ihre Mails${sender === null ? '' : ` von ${sender}`}`,
    whose: (address: string) =>
      `Das gilt für Mails an ${address}. Solange Sie auf keinen Knopf drücken, ändert sich nichts.`,
    unreadable:
      'Das kam nicht vollständig an, und nichts wurde gespeichert. Bitte wählen Sie noch einmal und drücken Sie auf den Knopf.',
    'other-words':
      'Der Text eines Themas hat sich inzwischen geändert, darum wurde nichts gespeichert. Bitte lesen Sie ihn und wählen Sie noch einmal.',
    'other-address':
      'Nichts wurde gespeichert: Von hier aus lässt sich etwas beenden, aber nicht mehr bestellen. Öffnen Sie dafür bitte eine Mail an die Adresse, die Sie jetzt benutzen.',
    saved: 'Gespeichert. Das hat sich geändert:',
    nothing: 'Das war alles schon so: Es hat sich nichts geändert.',
    endedAll: 'Sie erhalten zu keinem Thema mehr eine Mail.',
    suppressed:
      'An diese Adresse schicken wir zurzeit keine Mails, was auch immer hier eingeschaltet ist: Mails kamen nicht an, oder sie wurden als unerwünscht gemeldet. Bitte schreiben Sie uns, wenn sich das ändern soll.',
    elsewhere:
      'Dieser Link ging an eine Adresse, die Sie für unsere Mails nicht mehr benutzen. Sie können hier etwas beenden; um mehr Mails zu erhalten, öffnen Sie bitte eine neuere Mail.',
    noTopics: 'Zurzeit gibt es keine Themen zur Auswahl.',
    stale:
      'Dem haben Sie vor langer Zeit zugestimmt, darum schreiben wir nicht mehr. Schalten Sie es ein, wenn es noch gilt.',
    contracts: (names: string) =>
      `Mails, die ein Vertrag oder eine Anfrage von Ihnen braucht, kommen in jedem Fall: ${names}.`,
    endRunning: 'Pause beenden',
  },
} as const;

export type PreferencesProblem = 'unreadable' | 'other-words' | 'other-address';

export interface PreferencesPage {
  readonly view: PreferencesView;
  /** The address that the link went to. */
  readonly reader: string;
  readonly sender: MailSender;
  /** Which words of consent it shows. */
  readonly agreements: string;
  readonly now: Instant;
  /** What has just been changed; null: nothing was sent. */
  readonly saved: readonly PreferenceEntry[] | null;
  /** Why nothing was saved. */
  readonly problem: PreferencesProblem | null;
}

/**
 * Everything that a person can set about mail, as one form that needs no script. Each control shows what holds, and its
 * state goes back with the form, so that what was left alone stays what it is by then.
 */
export function preferencesPage(request: Request, response: Response, page: PreferencesPage): void {
  const language = languageOf(request);
  const { view, sender, problem } = page;
  const t = texts[language];
  const content = [
    problem === null ? '' : `<p class="problem" role="alert">${t[problem]}</p>`,
    page.saved === null ? '' : savedIn(page.saved, view, language),
    `<p>${t.whose(maskedAddress(page.reader))}</p>`,
    view.suppressed ? `<p>${t.suppressed}</p>` : '',
    view.address === page.reader ? '' : `<p>${t.elsewhere}</p>`,
    mainForm(page, language),
    endAllForm(view, language),
    contractsIn(view, language),
  ];
  const status = problem === null ? 200 : problem === 'unreadable' ? 400 : 409;
  sendPage(request, response, status, escapeHtml(t.title(sender.name)), content.join(''), {
    sender,
    bothLanguages: true,
  });
}

function mainForm(page: PreferencesPage, language: PageLanguage): string {
  const { view, agreements } = page;
  const controls = [
    hidden(FIELDS.agreements, agreements),
    topicsIn(page, language),
    trackingIn(page, language),
    frequencyIn(view, language),
    pauseIn(page, language),
    localeIn(view, language),
  ];
  return `<form method="post" action="?lang=${language}">${controls.join('')}<button>${preferenceWords[language].save}</button></form>`;
}

function topicsIn({ view, reader, sender }: PreferencesPage, language: PageLanguage): string {
  const { topics, agreement } = preferenceWords[language];
  const mayBegin = view.address === reader;
  const rows = view.topics.map((topic) => topicIn(topic, language, mayBegin));
  const agree = `<p class="hint">${escapeHtml(agreement(sender.name))}</p>`;
  const inside = rows.length === 0 ? `<p>${texts[language].noTopics}</p>` : `${rows.join('')}${mayBegin ? agree : ''}`;
  return `<fieldset id="topics"><legend>${topics}</legend>${inside}</fieldset>`;
}

function topicIn(topic: Topic, language: PageLanguage, mayBegin: boolean): string {
  const { key, on, state } = topic;
  const { name, description, promise } = purposeWords(topic, language);
  const hints = [description, promise, state === 'stale' ? texts[language].stale : null];
  const shown = hints.flatMap((hint) => (hint === null ? [] : [`<span class="hint">${escapeHtml(hint)}</span>`]));
  const box = checkbox(FIELDS.topic, key, on, on || mayBegin);
  return `<label class="choice">${box}<span>${escapeHtml(name)}${shown.join('')}</span></label>${hidden(FIELDS.topicShown, `${key}:${on ? 'on' : 'off'}`)}`;
}

function trackingIn({ view, reader, sender }: PreferencesPage, language: PageLanguage): string {
  if (!view.tracksByConsent) return '';
  const { tracking, trackingText } = preferenceWords[language];
  const box = checkbox(FIELDS.tracking, 'on', view.tracking, view.tracking || view.address === reader);
  const words = `<span>${tracking}<span class="hint">${escapeHtml(trackingText(sender.name))}</span></span>`;
  return `<div class="group"><label class="choice">${box}${words}</label>${hidden(FIELDS.trackingShown, view.tracking ? 'on' : 'off')}</div>`;
}

function frequencyIn({ limit }: PreferencesView, language: PageLanguage): string {
  const { frequency, frequencyText } = preferenceWords[language];
  const now = frequencyOf(limit);
  const choices = [
    ['promised', null],
    ['weekly', OWN_LIMITS.weekly],
    ['monthly', OWN_LIMITS.monthly],
    ...(now === 'other' ? [['other', limit] as const] : []),
  ] as const;
  const radios = choices.map(([value, each]) => {
    const checked = value === now ? ' checked' : '';
    const radio = `<input type="radio" name="${FIELDS.frequency}" value="${value}" required${checked}>`;
    return `<label class="choice">${radio}<span>${limitInWords(each, language)}</span></label>`;
  });
  const legend = `<legend>${frequency}</legend><p class="hint" id="frequency-hint">${frequencyText}</p>`;
  return `<fieldset id="frequency" aria-describedby="frequency-hint">${legend}${radios.join('')}${hidden(FIELDS.frequencyShown, now)}</fieldset>`;
}

function pauseIn({ view, now }: PreferencesPage, language: PageLanguage): string {
  const { pause, noPause } = preferenceWords[language];
  const present = pauseOf(view, now);
  const until = (instant: Instant) => pausedUntilInWords(instant, language, view.zone);
  const running = present === 'running' && view.pausedUntil !== null;
  const options = [
    ...(running ? [['running', until(view.pausedUntil)] as const] : []),
    ['none', running ? texts[language].endRunning : noPause] as const,
    ...PAUSE_WEEKS.map((weeks) => {
      const words = `${weeksInWords(weeks, language)}: ${until(pauseUntil(weeks, now))}`;
      return [String(weeks), words] as const;
    }),
  ];
  return `${select(FIELDS.pause, pause, options, present)}${hidden(FIELDS.pauseShown, present)}`;
}

function localeIn({ locale, locales }: PreferencesView, language: PageLanguage): string {
  if (locales.length < 2) return '';
  // A lead whose language nobody writes gets the default of each template: no language here is theirs.
  const present = chooseLocale(locales, locale ?? '', '');
  const options = [
    ...(present === '' ? [['', preferenceWords[language].noLanguage] as const] : []),
    ...locales.map((each) => [each, languageName(each)] as const),
  ];
  const { language: label } = preferenceWords[language];
  return `${select(FIELDS.locale, label, options, present)}${hidden(FIELDS.localeShown, present)}`;
}

function endAllForm({ endedAll }: PreferencesView, language: PageLanguage): string {
  const { endAll, endAllText } = preferenceWords[language];
  if (endedAll) return `<section id="everything"><p>${texts[language].endedAll}</p></section>`;
  const button = `${hidden(FIELDS.everything, 'off')}<button class="second">${endAll}</button>`;
  return `<section id="everything"><h2>${endAll}</h2><p>${endAllText}</p><form method="post" action="?lang=${language}">${button}</form></section>`;
}

function contractsIn({ contracts }: PreferencesView, language: PageLanguage): string {
  if (contracts.length === 0) return '';
  const names = contracts.map(({ name }) => inLocale(name, language)).join(', ');
  return `<p class="hint">${escapeHtml(texts[language].contracts(names))}</p>`;
}

/** What was changed, in words; read aloud once the page is there. */
function savedIn(entries: readonly PreferenceEntry[], view: PreferencesView, language: PageLanguage): string {
  const t = texts[language];
  if (entries.length === 0) return `<p class="done" role="status">${t.nothing}</p>`;
  const items = entries.map((entry) => `<li>${escapeHtml(entryInWords(entry, view, language))}</li>`);
  return `<div class="done" role="status"><p>${t.saved}</p><ul>${items.join('')}</ul></div>`;
}

function entryInWords(entry: PreferenceEntry, { topics, zone }: PreferencesView, language: PageLanguage): string {
  const words = preferenceWords[language];
  if (entry.action === 'changed') return changeInWords(entry.change, language, zone);
  const { purpose, action } = entry;
  if (purpose === ALL_PURPOSES) return texts[language].endedAll;
  const topic = topics.find(({ key }) => key === purpose);
  const name = purpose === TRACKING ? words.tracking : topic === undefined ? purpose : inLocale(topic.name, language);
  return `${name}: ${action === 'granted' ? words.on : words.off}`;
}

function hidden(name: string, value: string): string {
  return `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`;
}

/** `usable`: false where it can't be ticked from here. */
function checkbox(name: string, value: string, checked: boolean, usable: boolean): string {
  return `<input type="checkbox" name="${name}" value="${escapeHtml(value)}"${checked ? ' checked' : ''}${usable ? '' : ' disabled'}>`;
}

function select(name: string, label: string, options: readonly (readonly [string, string])[], chosen: string): string {
  const each = options.map(([value, text]) => {
    const selected = value === chosen ? ' selected' : '';
    return `<option value="${escapeHtml(value)}"${selected}>${escapeHtml(text)}</option>`;
  });
  return `<label class="field" id="${name}"><span>${label}</span><select name="${name}" autocomplete="off">${each.join('')}</select></label>`;
}
