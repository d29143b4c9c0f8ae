// A child for tests of exit-with-parent.ts, whose compiled form is the first argument; the second is its diary.
import { appendFileSync } from 'node:fs';

const [module, diary, behaviour] = process.argv.slice(2);
const { announceReady, exitWithParent } = await import(module);
exitWithParent(async () => {
  appendFileSync(diary, `stopped ${process.pid}\n`);
  if (behaviour === 'fails') throw new Error('connection lost');
});
appendFileSync(diary, `started ${process.pid}\n`);
announceReady();
setInterval(() => {}, 1000);
