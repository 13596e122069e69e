/** Whether this machine has a loopback address of IPv6. */
export const hasIPv6 = canListen();

function canListen(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}
