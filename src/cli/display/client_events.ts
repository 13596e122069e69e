import type { ClientEvent, ItemOutcome } from "../../client/client_event.ts";
import type { HubClientOptions } from "../../client/hub_client.ts";
import { P2pError } from "../../errors.ts";
import { fingerprint } from "../../secure/fingerprint.ts";
import { deliveredLine, storedLine } from "../../ui/event_lines.ts";
import { printableName } from "../../ui/printable.ts";
import { formatAddress } from "../../transport/address.ts";
import { formatDuration } from "../../units.ts";
import { showCode } from "./code.ts";
import type { Output } from "./output.ts";

/** The choices for showing the events of a client. */
export interface ClientDisplayOptions {
  /** The hint after a lost connection. */
  resumeHint?: string;
  /** Codes are shown as QR codes too. */
  qr?: boolean;
}

/** The person whose events are shown, and the hub. */
type Person = Pick<HubClientOptions, "address" | "identity" | "name">;

/** Shows the events of a person's client: lines for people, and JSON for programs. */
export function showClientEvents(
  person: Person,
  output: Output,
  options: ClientDisplayOptions = {},
): (event: ClientEvent) => void {
  const display = new ClientDisplay(person, output, options);
  return (event) => display.show(event);
}

class ClientDisplay {
  readonly #person: Person;
  readonly #output: Output;
  readonly #options: ClientDisplayOptions;

  constructor(person: Person, output: Output, options: ClientDisplayOptions) {
    this.#person = person;
    this.#output = output;
    this.#options = options;
  }

  show(event: ClientEvent): void {
    const hub = formatAddress(this.#person.address);
    const output = this.#output;
    switch (event.type) {
      case "pinned":
        return output.note(pinnedLine(event, hub));
      case "connected":
        return this.#connected(event);
      case "joined":
        return this.#joined(event);
      case "lost":
        return this.#lost(event);
      case "person":
        return this.#presence(event);
      case "refused":
        return this.#refused(event);
      case "code":
        return void showCode(event, { ...this.#options, hub, output });
      case "met":
        return this.#met(event);
      case "cut-off":
        return output.warning(`"${event.name}" was cut off: waiting for it to come back`);
      case "waiting":
        return this.#waiting(event);
      case "progress":
        return this.#progress(event);
      case "stalled":
        output.event(event.stall);
        return output.stalled(event.stall);
      case "outcome":
        return this.#outcome(event.outcome);
    }
  }

  #connected({ name, fingerprint }: Of<"connected">) {
    this.#output.event({ event: "connected", ...this.#person.address, name, fingerprint });
  }

  #joined({ hub, you: peer, isKept, others, names }: Of<"joined">) {
    const { identity: { keyPair } } = this.#person;
    const output = this.#output;
    const { bold } = output.style;
    output.event({ event: "joined", peer, fingerprint: fingerprint(keyPair.id) });
    output.result(
      `joined ${bold(printableName(hub))} as ${bold(printableName(peer))}; ${present(others)}`,
    );
    if (!isKept) output.note("the name is yours until you leave; with --name it stays yours");
    for (const { name, waiting } of names) {
      const [files, them] = waiting === 1
        ? ["1 file waits", "it"]
        : [`${waiting} files wait`, "them"];
      output.note(`${files} for you as ${printableName(name)}: join with --name to get ${them}`);
    }
  }

  #lost({ while: what, error, pauseMs }: Of<"lost">) {
    const again = what === "joined" ? "joining again" : "trying again";
    this.#output.warning(`${error.message}; ${again} in ${formatDuration(pauseMs)}`);
  }

  #presence({ name: peer, key, state }: Of<"person">) {
    this.#output.event({ event: state, peer, fingerprint: fingerprint(key) });
    this.#output.note(`${printableName(peer)} has ${state}`);
  }

  #refused({ transferId: transfer, from, reason }: Of<"refused">) {
    this.#output.event({ event: "refused", transfer, from, name: "", reason });
    this.#output.warning(`refused what the hub brought from ${printableName(from)}: ${reason}`);
  }

  #met({ name: peer, key, hasTyped }: Of<"met">) {
    const shown = fingerprint(key);
    this.#output.event({ event: "met", peer, fingerprint: shown });
    this.#output.note(
      `${printableName(peer)} (${shown}) has ${hasTyped ? "typed" : "made"} the code`,
    );
  }

  #waiting({ stored }: Of<"waiting">) {
    const [name, to] = [printableName(stored.name), printableName(stored.to)];
    this.#output.progressDone(stored.transfer);
    this.#output.event(stored);
    this.#output.note(`${name} is stored; waiting for ${to} to join (Ctrl-C leaves it there)`);
  }

  #progress({ progress }: Of<"progress">) {
    const { transfer: id, name, bytes, total } = progress;
    this.#output.event(progress);
    this.#output.progress({ id, name, bytes, total: total ?? undefined });
  }

  #outcome(outcome: ItemOutcome) {
    const { item, transferId, to, delivered, stored, error } = outcome;
    const output = this.#output;
    this.#filesThatStay(outcome);
    if (transferId !== undefined) output.progressDone(transferId);
    if (delivered !== undefined) {
      output.event(delivered);
      output.result(deliveredLine(delivered, output.style));
    } else if (stored !== undefined && error === undefined) {
      output.event(stored);
      output.result(storedLine(stored, output.style));
    } else if (error !== undefined && error.code !== "interrupted") {
      const shown = withResumeHint(error, this.#options.resumeHint);
      output.failure(shown, { name: item.label, ...to !== undefined && { to } });
    }
    this.#missing(outcome);
  }

  /** Names the entries of a folder that were left out, and those to which something has happened. */
  #filesThatStay({ item: { label: name }, leftOut = [], missing = [], renamed = [] }: ItemOutcome) {
    for (const { name: here, savedAs } of renamed) {
      this.#output.note(`${printableName(here)} goes as ${printableName(savedAs)}`);
    }
    for (const { path, reason } of leftOut) {
      this.#output.event({ event: "skipped", name, path, reason });
      this.#output.warning(`left out "${path}": ${reason}`);
    }
    for (const { path, reason, state } of missing) {
      this.#output.event({ event: "missing", name, path, state, reason });
      this.#output.warning(`"${path}" did not go: ${reason}`);
    }
  }

  #missing({ item: { label: name }, missing = [] }: ItemOutcome) {
    if (missing.length === 0) return;
    const files = missing.length === 1 ? "1 file" : `${missing.length} files`;
    const hint = "run the same line again when nothing writes to them any more";
    const message = `${files} of "${name}" did not go`;
    this.#output.failure(new P2pError("local", message, { hint }), { name });
  }
}

type Of<T extends ClientEvent["type"]> = Extract<ClientEvent, { type: T }>;

function pinnedLine({ fingerprint, movedFrom }: Of<"pinned">, hub: string): string {
  return movedFrom === undefined
    ? `${hub} is new: its key ${fingerprint} is remembered`
    : `${hub} is the hub that was at ${movedFrom} before: its key is ${fingerprint}`;
}

function present(others: number): string {
  if (others === 0) return "nobody else is here";
  return others === 1 ? "one other is here" : `${others} others are here`;
}

/**
 * The error of a cut with a hint, where it has none of its own: a transfer goes on when it is sent
 * again.
 */
export function withResumeHint(error: P2pError, hint: string | undefined): P2pError {
  if (error.code !== "connection" || error.hint !== undefined) return error;
  return new P2pError(error.code, error.message, { hint, cause: error });
}
