import { type KnownHub } from "../../home/known_hubs.ts";
import { fingerprint } from "../../secure/fingerprint.ts";
import { decodeKey, type KeyText } from "../../secure/static_key.ts";
import { nameColumn } from "../../ui/name_column.ts";
import { printableName } from "../../ui/printable.ts";
import { formatDate } from "../../units.ts";
import type { Output } from "./output.ts";

/** Shows the hubs that are remembered, a line each: `*` is the one in use. */
export function showHubs(hubs: KnownHub[], output: Output): void {
  if (hubs.length === 0) output.note("no hub is known here yet: `p2p hub add NAME HOST` adds one");
  const inColumn = nameColumn(hubs.map(({ name = "" }) => name));
  const addressWidth = widest(hubs.map(({ address }) => address));
  for (const hub of hubs) {
    const { address, name = "", inUse } = hub;
    output.event(eventOf(hub));
    const start = `${inUse ? "*" : " "} ${inColumn(name)}`;
    output.result(`${start}  ${address.padEnd(addressWidth)}  ${factsOf(hub).join(", ")}`);
  }
}

/** The line after a key was forgotten. */
export function forgotLine(
  { name, key }: { name: string; key?: KeyText | undefined },
  { style }: Output,
): string {
  const forgot = `forgot ${style.bold(printableName(name))}`;
  return key === undefined ? forgot : `${forgot}, ${fingerprint(decodeKey(key))}`;
}

function eventOf({ address: hub, key, since, name, inUse, secret, me }: KnownHub) {
  return {
    event: "known" as const,
    hub,
    ...key !== undefined && { fingerprint: fingerprint(decodeKey(key)) },
    since,
    ...name !== undefined && { name },
    ...me !== undefined && { me },
    inUse: inUse === true,
    secret: secret !== undefined,
  };
}

function factsOf({ key, since, secret, me }: KnownHub): string[] {
  if (key === undefined) return ["not reached yet"];
  return [
    fingerprint(decodeKey(key)),
    `met ${formatDate(Date.parse(since))}`,
    ...me === undefined ? [] : [`you are ${printableName(me)}`],
    ...secret === undefined ? [] : ["its secret is kept"],
  ];
}

function widest(texts: string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}
