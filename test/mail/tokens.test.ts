import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readToken, signToken } from '../../mail/tokens.ts';

const secret = 'a-signing-secret-for-tests';
const messageId = '019aa000-0000-7000-8000-000000000001';

describe('tokens of links in mails', () => {
  it('give back what was signed', () => {
    const url = 'https://federkiel.example/painting?a=1&b=ü#top';
    expect(readToken(secret, 'click', signToken(secret, { purpose: 'click', messageId, url }))).toEqual({
      purpose: 'click',
      messageId,
      url,
    });
    expect(readToken(secret, 'answer', signToken(secret, { purpose: 'answer', messageId, attribute: 'need' }))).toEqual(
      {
        purpose: 'answer',
        messageId,
        attribute: 'need',
      },
    );
    expect(readToken(secret, 'open', signToken(secret, { purpose: 'open', messageId }))).toEqual({
      purpose: 'open',
      messageId,
    });
    expect(readToken(secret, 'unsubscribe', signToken(secret, { purpose: 'unsubscribe', messageId }))).toEqual({
      purpose: 'unsubscribe',
      messageId,
    });
  });

  it('are good for one purpose only: an open pixel cannot unsubscribe anybody', () => {
    const open = signToken(secret, { purpose: 'open', messageId });
    expect(readToken(secret, 'unsubscribe', open)).toBeNull();
    expect(readToken(secret, 'click', open)).toBeNull();
    expect(readToken(secret, 'open', signToken(secret, { purpose: 'unsubscribe', messageId }))).toBeNull();
    const click = signToken(secret, { purpose: 'click', messageId, url: 'https://need.example/' });
    expect(readToken(secret, 'answer', click)).toBeNull();
  });

  it('of clicks lead to the web: no other address is ever signed', () => {
    for (const url of [
      'javascript:alert(1)',
      'data:text/html,x',
      'ftp://x.example',
      '//x.example',
      '/x',
      'https://',
      '',
    ])
      expect(() => signToken(secret, { purpose: 'click', messageId, url })).toThrow('http or https');
  });

  it('cannot be forged or changed in any byte', () => {
    const token = signToken(secret, { purpose: 'click', messageId, url: 'https://federkiel.example/' });
    const bytes = Buffer.from(token, 'base64url');
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(readToken(secret, 'click', changed.toString('base64url'))).toBeNull();
    }
    expect(readToken('another-signing-secret', 'click', token)).toBeNull();
  });

  it('have one spelling: padding, other alphabets and additions are refused', () => {
    const token = signToken(secret, { purpose: 'open', messageId });
    for (const other of [`${token}=`, `${token}A`, ` ${token}`, `${token}!`, token.slice(0, -1), '', 'x']) {
      expect(readToken(secret, 'open', other)).toBeNull();
    }
  });

  it('are not mere MACs under the secret: other uses of the secret cannot make one', () => {
    const token = Buffer.from(signToken(secret, { purpose: 'open', messageId }), 'base64url');
    const body = token.subarray(0, -16);
    const plain = createHmac('sha256', secret).update(body).digest().subarray(0, 16);
    expect(readToken(secret, 'open', Buffer.concat([body, plain]).toString('base64url'))).toBeNull();
  });

  it('hold no personal data and stay short', () => {
    expect(signToken(secret, { purpose: 'unsubscribe', messageId })).toMatch(/^[\w-]{46}$/);
  });
});
