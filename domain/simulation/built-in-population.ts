import { type Population, populationSchema } from './persona.ts';

/**
 * People for whoever has described none. The figures are a beginner's guess (a newsletter of a shop that is opened by a
 * third and clicked in by a few): put your own in their place as soon as you have some.
 */
export const builtInPopulation: Population = populationSchema.parse({
  personas: [
    // Opens, hardly ever clicks.
    { name: 'reader', share: 35, opens: 0.5, clicks: 0.08, browses: 0.01, unsubscribes: 0.004, answers: 0.05 },
    // Interested: follows links and looks around, now and then by themselves.
    {
      name: 'clicker',
      share: 20,
      opens: 0.7,
      clicks: 0.35,
      browses: 0.08,
      unsubscribes: 0.002,
      answers: 0.3,
      tellsBirthday: 0.2,
    },
    // Gave an address for the voucher, and is not seen again.
    { name: 'silent', share: 30, opens: 0.05, clicks: 0, unsubscribes: 0.006, silentAfter: { days: 60 } },
    // Looks at everything, quickly, and will never buy: what a model must not take for interest.
    {
      name: 'job-seeker',
      share: 7,
      opens: 0.6,
      clicks: 0.4,
      browses: 0.35,
      silentAfter: { days: 12 },
      unsubscribes: 0.01,
    },
    // About to buy.
    {
      name: 'buyer',
      share: 8,
      opens: 0.8,
      clicks: 0.5,
      browses: 0.35,
      answers: 0.6,
      tellsBirthday: 0.4,
      unsubscribes: 0.001,
      reacts: { medianHours: 2, spread: 1 },
    },
  ],
});
