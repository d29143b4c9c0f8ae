/** The company of attention.property.test.ts: sequences that wait for, come in by and end by everything there is. */

export const model = {
  key: 'm',
  name: 'M',
  timeZone: 'Europe/Berlin',
  threshold: 30,
  rules: [
    // Points that fade, that expire, that are taken off for a while only, and silence: who qualifies changes by time too.
    { id: 'view', on: { event: 'Product Viewed' }, points: 4, limit: { per: 'day' }, halfLife: { days: 3 } },
    {
      id: 'branch',
      on: { event: 'Branch Searched' },
      points: 20,
      validFor: { days: 4 },
      limit: { times: 9, per: 'day' },
    },
    { id: 'noise', on: { event: 'Noise' }, points: -12, validFor: { hours: 20 }, limit: { times: 9, per: 'day' } },
    { id: 'silence', silence: { after: { hours: 30 }, times: 2 }, points: -3 },
  ],
};
/** The same behaviour, of leads of large companies only: what is told of a company comes from elsewhere, and late. */
export const ofLargeCompanies = {
  ...model,
  key: 'c',
  threshold: undefined,
  bands: { 1: 4, 2: 3, 3: 2 },
  profile: {
    criteria: [{ id: 'large', when: { account: 'employees', atLeast: 100 }, points: 10 }],
    grades: { A: 10, B: 5, C: 1 },
  },
  mql: ['A1'],
};
const welcome = {
  key: 'welcome',
  name: 'Welcome',
  purpose: 'newsletter',
  entry: [{ event: 'Signed Up' }],
  steps: [
    { id: 'hello', kind: 'send', template: 'a' },
    {
      id: 'click',
      kind: 'waitFor',
      event: { event: 'Clicked', properties: { right: true } },
      timeout: { hours: 30 },
      onTimeout: 'reminder',
    },
    { id: 'pause', kind: 'wait', for: { hours: 20 } },
    { id: 'reminder', kind: 'send', template: 'b', deadline: { hours: 40 } },
    { id: 'asked', kind: 'waitFor', event: { event: 'Asked' }, timeout: { days: 2 }, onTimeout: 'end' },
    { id: 'answer', kind: 'send', template: 'c' },
  ],
};
const again = {
  key: 'again',
  name: 'Again',
  purpose: 'newsletter',
  entry: [{ kind: 'track', event: 'Asked' }],
  reentry: 'after-end',
  steps: [
    { id: 'pause', kind: 'wait', for: { hours: 5 } },
    { id: 'more', kind: 'send', template: 'd' },
  ],
};
const customers = {
  key: 'customers',
  name: 'Customers',
  purpose: 'newsletter',
  stages: ['customer'],
  entry: [{ kind: 'tend', event: 'Handoff Won' }],
  steps: [{ id: 'thanks', kind: 'send', template: 'e' }],
};

/** Comes in when it comes true that it looked twice within two days, and again each time it comes true anew. */
const looking = {
  key: 'looking',
  name: 'Looking',
  purpose: 'newsletter',
  entry: [{ when: { event: { event: 'Product Viewed' }, times: { atLeast: 2 }, within: { days: 2 } } }],
  reentry: 'after-end',
  expiry: { days: 3 },
  steps: [
    { id: 'pause', kind: 'wait', for: { hours: 7 } },
    { id: 'more', kind: 'send', template: 'f', deadline: { days: 1 } },
    { id: 'quiet', kind: 'wait', for: { days: 9 } },
  ],
};
/** Points that fade bring it in and take it out, also by time alone. */
const warm = {
  key: 'warm',
  name: 'Warm',
  purpose: 'newsletter',
  entry: [{ when: { score: 'm', points: { atLeast: 8 } } }],
  reentry: { after: { hours: 30 } },
  exits: [{ when: { score: 'm', points: { below: 5 } } }],
  goal: [{ event: 'Asked' }],
  steps: [
    {
      id: 'warmth',
      kind: 'waitFor',
      event: { when: { score: 'm', points: { above: 11 } } },
      timeout: { days: 2 },
      onTimeout: 'end',
    },
    { id: 'hot', kind: 'send', template: 'g' },
    { id: 'stay', kind: 'wait', for: { days: 4 } },
  ],
};
/** Only of large companies; what is told of a company late lets in or turns away by what is known at that moment. */
const large = {
  key: 'large',
  name: 'Large',
  purpose: 'newsletter',
  audience: { account: 'employees', atLeast: 100 },
  entry: [{ event: 'Branch Searched' }],
  reentry: 'after-end',
  exits: [{ when: { account: 'employees', below: 100 } }],
  steps: [
    { id: 'tag', kind: 'update', addTags: ['seen'] },
    { id: 'way', kind: 'branch', arms: [{ when: { lead: 'tag.seen', is: true }, to: 'letter' }], otherwise: 'end' },
    { id: 'letter', kind: 'send', template: 'h' },
    { id: 'never', kind: 'waitFor', allOf: [{ event: 'Clicked' }, { event: 'Asked' }], timeout: { days: 2 } },
  ],
};
/** What a website tells of the lead itself ends its wait, times it anew and takes it out. */
const interested = {
  key: 'interested',
  name: 'Interested',
  purpose: 'newsletter',
  entry: [{ event: 'Signed Up' }, { event: 'Branch Searched' }],
  reentry: 'after-end',
  exits: [{ when: { lead: 'interest', is: 'none' } }],
  steps: [
    {
      id: 'told',
      kind: 'waitFor',
      event: { when: { lead: 'interest', is: 'cloud' } },
      timeout: { days: 3 },
      onTimeout: 'end',
    },
    { id: 'start', kind: 'wait', until: { date: 'start', plusDays: -1 } },
    { id: 'letter', kind: 'send', template: 'm' },
    { id: 'stay', kind: 'wait', for: { days: 2 } },
  ],
};

/** A stream by score, exhausted sooner or later. */
const stream = {
  key: 'stream',
  name: 'Stream',
  purpose: 'newsletter',
  entry: [{ event: 'Signed Up' }],
  streams: [
    {
      id: 'ripeness',
      tracks: [
        { id: 'cold', contents: ['i'] },
        { id: 'warm', when: { score: 'm', points: { atLeast: 9 } }, contents: ['j', 'k'] },
      ],
    },
  ],
  steps: [
    { id: 'mail', kind: 'send', stream: 'ripeness' },
    { id: 'rest', kind: 'wait', for: { hours: 25 } },
    { id: 'round', kind: 'goTo', step: 'mail', atMost: 4 },
    { id: 'over', kind: 'enrol', sequence: 'last' },
  ],
};
const last = {
  key: 'last',
  name: 'Last',
  purpose: 'newsletter',
  steps: [
    { id: 'out', kind: 'leave', sequence: 'looking' },
    { id: 'bye', kind: 'send', template: 'l' },
  ],
};

/** What they send; of some a person gets each once. */
export const templates = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm'];
export const once = ['i', 'j', 'k'];

export const sequences = [welcome, again, customers, looking, warm, large, interested, last, stream];
