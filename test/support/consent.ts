/** The policy of a shop that tests sign up at. */
export const shopPolicy = {
  key: 'consent',
  name: 'Shop',
  purposes: [
    {
      key: 'newsletter',
      name: { en: 'Newsletter', de: 'Rundbrief' },
      promise: { max: 1, days: 7 },
    },
    { key: 'offers', name: { en: 'Offers', de: 'Angebote' } },
    { key: 'orders', name: { en: 'Your orders', de: 'Ihre Bestellungen' }, basis: 'contract' },
  ],
  doubleOptIn: { template: 'confirm-subscription', expiresAfter: { days: 7 } },
} as const;

const mjml = (text: string) =>
  `<mjml><mj-body><mj-section><mj-column><mj-text>${text}</mj-text></mj-column></mj-section></mj-body></mjml>`;

/** The mail that asks to confirm: it carries no advertising. */
export const confirmTemplate = {
  key: 'confirm-subscription',
  name: 'Confirm',
  service: true,
  locales: {
    en: {
      subject: 'Please confirm your sign-up',
      mjml: mjml(
        'Please confirm: <a href="{{ confirmUrl }}">confirm</a>. It was not you? Ignore this mail.<br />{{ imprint }}',
      ),
    },
    de: {
      subject: 'Bitte bestätigen Sie Ihre Anmeldung',
      mjml: mjml(
        'Bitte bestätigen: <a href="{{ confirmUrl }}">bestätigen</a>. Das waren nicht Sie? Dann ist nichts zu tun.<br />{{ imprint }}',
      ),
    },
  },
} as const;

/** The mail that asks whether a consent still holds. */
export const renewTemplate = {
  key: 'still-welcome',
  name: 'Still welcome?',
  repeatable: true,
  locales: {
    en: {
      subject: 'May we go on writing?',
      mjml: mjml('<a href="{{ renewUrl }}">Yes</a>. <a href="{{ unsubscribeUrl }}">Unsubscribe</a><br />{{ imprint }}'),
    },
  },
} as const;

export const signUp = {
  address: 'Tanja@People.Example',
  purposes: ['newsletter'],
  wording: 'Ja, schreiben Sie mir über Papier & Tinte,\nhöchstens einmal die Woche. Das kann ich jederzeit beenden.',
  wordingVersion: '2026-11',
  formUrl: 'https://www.shop.example/newsletter?from=home',
  returnUrl: 'https://shop.example/thanks',
  locale: 'de',
} as const;
