import { describe, expect, it } from 'vitest';
import { eachByItself } from '../../store/each-by-itself.ts';

describe('work for each by itself', () => {
  it('does those behind one that fails, and tells of it then', async () => {
    const done: number[] = [];
    const work = async (item: number) => {
      if (item === 2) throw new Error('two is broken');
      done.push(item);
    };
    await expect(eachByItself([1, 2, 3], work)).rejects.toThrow('two is broken');
    expect(done).toEqual([1, 3]);
  });

  it('goes no further where PostgreSQL is away', async () => {
    const done: number[] = [];
    const work = async (item: number) => {
      done.push(item);
      throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    };
    await expect(eachByItself([1, 2, 3], work)).rejects.toThrow('connect');
    expect(done).toEqual([1]);
  });
});
