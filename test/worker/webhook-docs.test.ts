import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../config/package-root.ts';

const page = readFileSync(join(packageRoot, 'docs', 'webhooks.md'), 'utf8');
const example = (language: string) => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? '';

const secret = 'whsec_c2VjcmV0IG9mIGEgdGVzdA==';
const other = 'whsec_YW5vdGhlciBvbmU=';
const body = '{"type":"sequence.step","data":{"step":"größer"}}';

/** As a sender signs, with these secrets, `ageMs` ago. */
function signed(secrets: readonly string[], ageMs = 0): Record<string, string> {
  const at = new Date(Date.now() - ageMs);
  return {
    'webhook-id': 'one',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': secrets.map((each) => new Webhook(each).sign('one', at, body)).join(' '),
  };
}

const cases: readonly [string, Record<string, string>, string, boolean][] = [
  ['a request of Tend', signed([secret]), body, true],
  ['a request during a rotation', signed([other, secret]), body, true],
  ['another’s request', signed([other]), body, false],
  ['a request without a signature', { ...signed([secret]), 'webhook-signature': '' }, body, false],
  ['a changed body', signed([secret]), body.replace('step', 'stop'), false],
  ['an old request, sent again by somebody', signed([secret], 400_000), body, false],
  ['a request without a timestamp', { ...signed([secret]), 'webhook-timestamp': 'x' }, body, false],
];

describe('the example of docs/webhooks.md', () => {
  it.each(cases)('in JavaScript judges %s', async (_case, headers, text, good) => {
    const code = `${example('js')}\nprocess.stdout.write(JSON.stringify(verify(...JSON.parse(process.argv[1]))));`;
    const input = JSON.stringify([secret, headers, text]);
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', code, input], { encoding: 'utf8' });
    expect([run.status === 0, run.stdout]).toEqual(good ? [true, text] : [false, '']);
  });

  const python = spawnSync('python3', ['--version']).status === 0;
  it.skipIf(!python).each(cases)('in Python judges %s', (_case, headers, text, good) => {
    const code = `${example('python')}\nimport sys\nsecret, headers, body = json.loads(sys.argv[1])\nprint(json.dumps(verify(secret, headers, body.encode())))`;
    const input = JSON.stringify([secret, headers, text]);
    const run = spawnSync('python3', ['-c', code, input], { encoding: 'utf8' });
    expect(run.status === 0).toBe(good);
    if (good) expect(JSON.parse(run.stdout)).toEqual(JSON.parse(text));
    else expect(run.stderr).toMatch(/ValueError/);
  });
});
