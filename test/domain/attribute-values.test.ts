import { describe, expect, it } from 'vitest';
import { fitValue } from '../../domain/attributes/value.ts';

const fits = (type: Parameters<typeof fitValue>[0], value: Parameters<typeof fitValue>[1]) => {
  const fitted = fitValue(type, value);
  return 'problem' in fitted ? `no: ${fitted.problem}` : fitted.value;
};

describe('a value as its type has it', () => {
  it('is unknown when it is null or blank, whatever the type', () => {
    for (const type of ['text', 'number', 'boolean', 'date'] as const) {
      expect(fits({ type }, null)).toBeNull();
      expect(fits({ type }, '  ')).toBeNull();
    }
    expect(fits({ type: 'choice', choices: ['a'] }, '')).toBeNull();
  });

  it('may be a text where a number is meant, and a number where a text is', () => {
    expect(fits({ type: 'number' }, '120')).toBe(120);
    expect(fits({ type: 'number' }, ' 0.5 ')).toBe(0.5);
    expect(fits({ type: 'number' }, 'many')).toMatch(/^no: must be a number/);
    expect(fits({ type: 'number' }, '1.000')).toMatch(/^no: must be a number/);
    expect(fits({ type: 'number' }, true)).toMatch(/^no/);
    expect(fits({ type: 'text' }, 10969)).toBe('10969');
    expect(fits({ type: 'text' }, ['a'])).toBe('no: must be a text');
  });

  it('is true or false however it is written', () => {
    for (const value of [true, 'true', 'Yes', ' YES ']) expect(fits({ type: 'boolean' }, value)).toBe(true);
    for (const value of [false, 'false', 'no']) expect(fits({ type: 'boolean' }, value)).toBe(false);
    expect(fits({ type: 'boolean' }, 'maybe')).toMatch(/^no: must be true or false/);
    expect(fits({ type: 'boolean' }, 1)).toMatch(/^no/);
  });

  it('is a day of the calendar, or an instant', () => {
    expect(fits({ type: 'date' }, '2027-03-31')).toBe('2027-03-31');
    expect(fits({ type: 'date' }, '2027-03-31T12:00:00+02:00')).toBe('2027-03-31T10:00:00.000Z');
    expect(fits({ type: 'date' }, '2027-02-30')).toMatch(/^no: must be a date/);
    expect(fits({ type: 'date' }, '31.3.2027')).toMatch(/^no: must be a date/);
    expect(fits({ type: 'date' }, 2027)).toMatch(/^no/);
  });

  it('is one of the choices, whatever its case', () => {
    const type = { type: 'choice', choices: ['High', 'low', '3'] } as const;
    expect(fits(type, 'HIGH ')).toBe('High');
    expect(fits(type, 3)).toBe('3');
    expect(fits(type, 'middling')).toBe('no: must be one of High, low, 3');
  });
});
