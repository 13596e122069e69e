/** Bytes of `flags`, which stand in front of each sealed chunk on its way (SPEC.md §5). */
export const FLAGS_BYTES = 1;

/** The bits of `flags`. */
export const FLAG = { last: 1, packed: 2 } as const;

const ALL = FLAG.last | FLAG.packed;

/** True where no other bit is set than those of {@link FLAG}. */
export function areFlags(flags: number): boolean {
  return (flags & ~ALL) === 0;
}

/** True for `flags ‖ sealed chunk` that is the last of its run. */
export function isLast(chunk: Uint8Array): boolean {
  return (chunk[0]! & FLAG.last) !== 0;
}

/** True for `flags ‖ sealed chunk` that was packed before it was sealed. */
export function isPacked(chunk: Uint8Array): boolean {
  return (chunk[0]! & FLAG.packed) !== 0;
}

/** Sealed bytes of `flags ‖ sealed chunk`, which credit and spool count. */
export function sealedBytes({ length }: Uint8Array): number {
  return length - FLAGS_BYTES;
}
