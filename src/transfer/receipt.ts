/** What a receipt says (SPEC.md §7). */
export interface Receipt {
  savedAs: string;
  sha256: string;
  bytes: number;
  resumedAt: number;
}
