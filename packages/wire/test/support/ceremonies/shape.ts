import type { Part, PartType } from '../../../src/index.ts';

interface Sample<K extends string, P extends Part> {
  readonly type: PartType<K, P>;
  readonly [field: string]: unknown;
}

/** Valid messages of one kind of ceremony, at least one of every part. */
export type CeremonySamples<K extends string> = {
  readonly [P in Part]: readonly [Sample<K, P>, ...Sample<K, P>[]];
};
