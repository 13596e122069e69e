/** Shares `room` among those in need, nobody more than needed: the modest are served whole, the others alike. */
export function shareOut(needs: readonly number[], room: number): number[] {
  const shares = needs.map(() => 0);
  const modestFirst = needs.map((need, i) => ({ need, i })).sort((a, b) => a.need - b.need);
  let left = Math.max(0, room);
  for (const [served, { need, i }] of modestFirst.entries()) {
    const share = Math.min(need, Math.floor(left / (needs.length - served)));
    shares[i] = share;
    left -= share;
  }
  return shares;
}
