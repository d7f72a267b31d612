import { describe, expect, test } from 'vitest';
import { Bucket, Buckets } from '../../src/limits/buckets.ts';

describe('token buckets', () => {
  test('a bucket lets a burst through and then says how long to wait', () => {
    const bucket = new Bucket(10, 5, 0);
    expect(bucket.take(10, 0)).toBe(0);
    expect(bucket.take(1, 0)).toBe(200);
    expect(bucket.take(4, 1000)).toBe(0);
    expect(bucket.take(1, 1000)).toBe(200);
    expect(bucket.tryTake(1, 1000)).toBe(false);
    expect(bucket.tryTake(1, 1400)).toBe(true);
    expect(bucket.tryTake(1, 1400)).toBe(false);
  });

  test('each key has a bucket of its own', () => {
    const buckets = new Buckets(2, 1);
    expect(['a', 'a', 'a', 'b'].map((key) => buckets.tryTake(key, 0))).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(buckets.tryTake('a', 1000)).toBe(true);
  });
});
