// A child for tests. Says it is ready, appends a line to the file named first, and stops when asked.
import { appendFileSync } from 'node:fs';

const [file, behaviour = 'polite'] = process.argv.slice(2);
appendFileSync(file, `started ${process.pid}\n`);
if (behaviour === 'fails') {
  console.error('the reason why');
  process.exit(3);
}
process.on('SIGTERM', () => {
  appendFileSync(file, `stopped ${process.pid}\n`);
  if (behaviour !== 'stubborn') process.exit(0);
});
if (behaviour !== 'silent' && process.connected) process.send({ ready: true });
setInterval(() => {}, 1000);
