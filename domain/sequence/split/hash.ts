const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;
const utf8 = new TextEncoder();

/**
 * FNV-1a, 64 bits, of the UTF-8 bytes of `text`: the same in every runtime and version, for whom it puts where is kept
 * for years. The IETF's draft-eastlake-fnv has its test vectors.
 */
export function fnv1a64(text: string): bigint {
  let hash = OFFSET;
  for (const byte of utf8.encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * PRIME);
  return hash;
}

/**
 * The finaliser of MurmurHash3 (`fmix64`, A. Appleby, public domain), one to one: each bit of `hash` changes half of
 * the result's. FNV alone leaves the upper bits of texts that differ in their last letter much alike.
 */
export function mix64(hash: bigint): bigint {
  let mixed = hash ^ (hash >> 33n);
  mixed = BigInt.asUintN(64, mixed * 0xff51afd7ed558ccdn);
  mixed ^= mixed >> 33n;
  mixed = BigInt.asUintN(64, mixed * 0xc4ceb9fe1a85ec53n);
  return mixed ^ (mixed >> 33n);
}

/** A number between 0 and 1, neither of them included, that looks random and depends on `text` alone. */
export function uniformOf(text: string): number {
  return (Number(mix64(fnv1a64(text)) >> 12n) + 0.5) / 2 ** 52;
}
