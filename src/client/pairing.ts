import { connect, type Connected, type SecretSource } from "./connect.ts";
import type { Exchange } from "../protocol/exchange.ts";
import type { OnOpen } from "../protocol/session.ts";
import { type Code, codeName } from "../secure/code.ts";
import { fingerprint } from "../secure/fingerprint.ts";
import type { Identity } from "../home/identity.ts";
import { addPerson } from "../home/known_people.ts";
import { type Introduction, makeCode, typeCode } from "./pair_by_code.ts";
import { type Address, formatAddress } from "../transport/address.ts";
import { printable } from "../ui/printable.ts";
import type { Output } from "../cli/display/output.ts";
import { showCode } from "../cli/display/code.ts";

/** Who meets somebody by a code, where and how. */
export interface MeetOptions {
  address: Address;
  identity: Identity;
  home: string;
  secret: SecretSource;
  output: Output;
  signal: AbortSignal;
}

/** A session under the name of our key, with a hub that nobody has to trust (SPEC.md §19). */
export function connectByCode(
  { address, identity, home, secret, signal }: MeetOptions,
  onOpen?: OnOpen,
): Promise<Connected> {
  return connect(address, {
    identity,
    name: codeName(identity.keyPair.publicKey),
    home,
    skipPin: true,
    trustNew: () => Promise.resolve(false),
    secret,
    ...onOpen && { onOpen },
    signal,
  });
}

/** Meets the other side: by the code that it has made, or by one that is made and shown here. */
export async function meet(
  exchange: Exchange,
  { code, name, items, qr, remember, ...options }: MeetOptions & {
    code: Code | "new";
    /** Who we say we are. */
    name: string;
    /** How many transfers we will send; 0 to receive. */
    items: number;
    qr: boolean;
    remember: boolean;
  },
): Promise<Introduction> {
  const { address, identity, home, output } = options;
  const ours = { name, key: identity.keyPair.publicKey, items };
  const hub = formatAddress(address);
  const otherSide = items > 0 ? "receive" : "send";
  const theirs = code === "new"
    ? await makeCode(exchange, {
      ours,
      onCode: (made, until) => showCode(made, { hub, until, otherSide, qr, output }),
    })
    : await typeCode(exchange, { code, ours });
  const shown = fingerprint(theirs.key);
  output.event({ event: "met", peer: theirs.name, fingerprint: shown });
  output.note(`${printable(theirs.name)} (${shown}) is there`);
  if (remember) await addPerson(home, { name: theirs.name, key: theirs.key, via: "code" });
  return theirs;
}
