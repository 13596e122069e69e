// Paths for `psk` serve the public test vectors alone: no session or envelope of ours uses them.

/**
 * One token of a message pattern (Noise §7.1, §9.2). `e1` and `ekem1` are those of the
 * extension for hybrid forward secrecy; `skem1` encapsulates to the responder's static KEM key.
 */
export type Token = "e" | "s" | "ee" | "es" | "se" | "ss" | "psk" | "e1" | "ekem1" | "skem1";

/** A handshake pattern: whose static keys are known before, and the tokens of each message. */
export interface HandshakePattern {
  readonly initiatorKnown: boolean;
  readonly responderKnown: boolean;
  /** Message 1 is the initiator's; then they take turns. */
  readonly messages: readonly (readonly Token[])[];
}

/**
 * The fundamental patterns that are not deferred: one-way (Noise §7.4), interactive (§7.5); then
 * the hybrid ones.
 */
const FUNDAMENTAL: ReadonlyMap<string, HandshakePattern> = new Map([
  ["N", known("responder", "e es")],
  ["K", known("both", "e es ss")],
  ["X", known("responder", "e es s ss")],
  ["NN", known("none", "e", "e ee")],
  ["NK", known("responder", "e es", "e ee")],
  ["NX", known("none", "e", "e ee s es")],
  ["KN", known("initiator", "e", "e ee se")],
  ["KK", known("both", "e es ss", "e ee se")],
  ["KX", known("initiator", "e", "e ee se s es")],
  ["XN", known("none", "e", "e ee", "s se")],
  ["XK", known("responder", "e es", "e ee", "s se")],
  ["XX", known("none", "e", "e ee s es", "s se")],
  ["IN", known("none", "e s", "e ee se")],
  ["IK", known("responder", "e es s ss", "e ee se")],
  ["IX", known("none", "e s", "e ee se s es")],
  ["XXhfs", known("none", "e e1", "e ee ekem1 s es", "s se")],
  ["Xskem", known("responder", "e es skem1 s ss")],
]);

/** The pattern of a name such as `XX` or `XXpsk0+psk3`; RangeError where there is none. */
export function handshakePattern(name: string): HandshakePattern {
  const [, base = "", modifiers = ""] = name.match(/^([A-Z]+(?:hfs|skem)?)(.*)$/) ?? [];
  const fundamental = FUNDAMENTAL.get(base);
  if (fundamental === undefined) throw new RangeError(`no handshake pattern "${name}"`);
  const messages = fundamental.messages.map((tokens) => [...tokens]);
  if (modifiers !== "") {
    for (const modifier of modifiers.split("+")) placePsk(messages, modifier);
  }
  return { ...fundamental, messages };
}

/**
 * The keys that one side needs before the first message: its own key pair, the other's key, psks.
 */
export function neededKeys(pattern: HandshakePattern, initiator: boolean) {
  const { initiatorKnown, responderKnown, messages } = pattern;
  const sendsStatic = messages.some((tokens, index) =>
    (index % 2 === 0) === initiator && tokens.includes("s")
  );
  return {
    s: sendsStatic || (initiator ? initiatorKnown : responderKnown),
    rs: initiator ? responderKnown : initiatorKnown,
    psks: messages.flat().filter((token) => token === "psk").length,
    rs1: initiator && messages.flat().includes("skem1"),
    s1: !initiator && messages.flat().includes("skem1"),
  };
}

/** The full name of a protocol (Noise §8); the hybrid ones name both key agreements. */
export function protocolName(name: string): string {
  const tokens = handshakePattern(name).messages.flat();
  const hybrid = tokens.includes("e1") || tokens.includes("skem1");
  return `Noise_${name}_25519${hybrid ? "+MLKEM768" : ""}_ChaChaPoly_SHA256`;
}

/** `psk0` is the first token of message 1, `pskN` the last one of message N (Noise §9.4). */
function placePsk(messages: Token[][], modifier: string) {
  const place = modifier.match(/^psk(\d)$/)?.[1];
  const message = place === undefined ? undefined : messages[Math.max(0, Number(place) - 1)];
  if (message === undefined) throw new RangeError(`no place for the modifier "${modifier}"`);
  if (place === "0") message.unshift("psk");
  else message.push("psk");
}

function known(
  who: "none" | "initiator" | "responder" | "both",
  ...messages: string[]
): HandshakePattern {
  return {
    initiatorKnown: who === "initiator" || who === "both",
    responderKnown: who === "responder" || who === "both",
    messages: messages.map((tokens) => tokens.split(" ") as Token[]),
  };
}
