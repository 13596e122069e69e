import { findHub, hubInUse, type KnownHub, knownHubs } from "../../home/known_hubs.ts";
import {
  type Address,
  DEFAULT_PORT,
  formatAddress,
  parseAddress,
} from "../../transport/address.ts";

/** The hub where none is named and none is in use: one on this machine. */
export const DEFAULT_HUB = formatAddress({ host: "127.0.0.1", port: DEFAULT_PORT });

/** What a command says where it takes a hub. */
export const HUB_ARGUMENT =
  `the hub, or its name in \`p2p hub\` (default: P2P_TO, the hub in use, ${DEFAULT_HUB})`;

/** The hub that is meant, and what is remembered of it. */
export interface ChosenHub {
  address: Address;
  known: KnownHub | undefined;
  /** True where the command line or P2P_TO says it. */
  isNamed: boolean;
}

/**
 * The hub that is meant: the one that was typed, by its short name or its address, else that of
 * P2P_TO, else the one in use, else {@link DEFAULT_HUB}. "usage" for what is no address.
 */
export async function chosenHub(home: string, typed: string | undefined): Promise<ChosenHub> {
  const hubs = await knownHubs(home);
  const text = typed ?? (Deno.env.get("P2P_TO") || undefined);
  const known = text === undefined ? hubInUse(hubs) : findHub(hubs, text);
  const address = parseAddress(known?.address ?? text ?? DEFAULT_HUB);
  return { address, known, isNamed: text !== undefined };
}
