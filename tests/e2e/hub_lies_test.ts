import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import type { Message } from "../../src/protocol/messages.ts";
import { PURPOSE, sealEnvelope } from "../../src/secure/envelope.ts";
import { CHUNK_BYTES } from "../../src/secure/sealed_stream.ts";
import {
  type IdentityKeys,
  identityKeys,
  type PublicKeys,
} from "../../src/secure/identity_keys.ts";
import { openAnswer, sealAnswer } from "../../src/transfer/answer.ts";
import { eventually } from "../helpers/eventually.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { TempDir } from "../helpers/temp_dir.ts";
import { bring, LyingHub, SealedFile, type Visit } from "./lying_hub.ts";
import { eventsOf, type Finished, Program } from "./program.ts";

const ana = await identityKeys();
const eve = await identityKeys();

/** Text that a terminal obeys: CSI by C0 and by C1, DEL, and a change of direction. */
const HOSTILE = "\x1b[2J\x9b31m\x7f\u202e";

Deno.test("join takes from a hub what an honest sender has sealed, once, whatever is brought again", async () => {
  await using scene = await Receiving.open();
  const file = fileOf(ana, "once.bin");
  const first = await bring(scene.visit, file);
  const { receipt } = await scene.opened(first, file, ana);
  assert.deepEqual([receipt!.savedAs, receipt!.bytes], ["once.bin", file.content.length]);
  await scene.cleared();
  // It is forgotten by staging now; a crash of either side makes no difference.
  for (const restart of [false, true]) {
    if (restart) await scene.restart();
    const again = await bring(scene.visit, file);
    assert.deepEqual((await scene.opened(again, file, ana)).receipt, receipt);
    assert.deepEqual(scene.names(), ["once.bin"]);
  }
  await scene.cleared();
  const { stdout } = await scene.stop();
  assert.deepEqual(eventsOf({ stdout, stderr: "", code: 0 }, "received"), []);
});

Deno.test("a hub that dies before it has the answer gets the same one, and nothing comes twice", async () => {
  await using scene = await Receiving.open();
  const file = fileOf(ana, "once.bin");
  const first = await bring(scene.visit, file, { unsettled: true });
  await scene.restart();
  const again = await bring(scene.visit, file);
  assert.deepEqual(
    (await scene.opened(again, file, ana)).receipt,
    (await scene.opened(first, file, ana)).receipt,
  );
  assert.deepEqual(scene.names(), ["once.bin"]);
  await scene.cleared();
});

Deno.test("the same transfer brought several times at once is received once", async () => {
  await using scene = await Receiving.open();
  const file = fileOf(ana, "once.bin");
  await Promise.all([1, 2, 3, 4].map(() => bring(scene.visit, file).catch(() => {})));
  const last = await bring(scene.visit, file);
  assert.equal((await scene.opened(last, file, ana)).receipt!.savedAs, "once.bin");
  assert.deepEqual(scene.names(), ["once.bin"]);
});

Deno.test("what was refused stays refused when a hub brings it again", async () => {
  await using scene = await Receiving.open(["--types", "image"]);
  const file = fileOf(ana, "no.bin");
  const first = await scene.opened(await bring(scene.visit, file), file, ana);
  assert.match(first.reason!, /only images are accepted here/);
  await scene.restart([]);
  assert.deepEqual(await scene.opened(await bring(scene.visit, file), file, ana), first);
  assert.deepEqual(scene.names(), []);
});

Deno.test("bytes that a hub changes, drops, repeats or mixes never arrive", async () => {
  await using scene = await Receiving.open();
  const other = await fileOf(ana, "other.bin").chunks();
  const tricks: Record<string, (chunks: Uint8Array[]) => Uint8Array[]> = {
    "a flipped bit": ([first, ...rest]) => [flipped(first!), ...rest],
    "no end": (chunks) => chunks.slice(0, -1),
    "no middle": ([first, , ...rest]) => [first!, ...rest],
    "two swapped": ([a, b, ...rest]) => [b!, a!, ...rest],
    "one twice": ([first, ...rest]) => [first!, first!, ...rest],
    "one of another transfer": ([, ...rest]) => [other[0]!, ...rest],
    "another transfer": () => other,
    "nothing": () => [],
  };
  for (const [trick, chunks] of Object.entries(tricks)) {
    const file = fileOf(ana, `${trick}.bin`);
    const answer = await bring(scene.visit, file, { chunks });
    assert.equal((answer as Message<"answer">).code, "corrupt", trick);
    assert.match((await scene.opened(answer, file, ana)).reason!, /^cannot open chunk \d: /, trick);
  }
  assert.deepEqual(scene.names(), []);
  await scene.cleared();
  const honest = fileOf(ana, "honest.bin");
  assert.ok((await scene.opened(await bring(scene.visit, honest), honest, ana)).receipt);
});

Deno.test("envelopes that a hub changes, swaps or gives to somebody else open nothing", async () => {
  await using scene = await Receiving.open();
  const [file, other] = [fileOf(ana, "a.bin"), fileOf(ana, "b.bin")];
  const { keys: key } = scene.visit.peer;
  const envelope = await file.envelopeFor(key);
  const sealed: Record<string, string> = {
    "of another transfer": await other.envelopeFor(key),
    "for somebody else": await file.envelopeFor(eve),
    "an answer": await sealAnswer({ reason: "" }, {
      keyPair: ana,
      to: key,
      transfer: file.transfer,
    }),
    "cut short": envelope.slice(0, 100),
    "empty": "",
  };
  for (const position of [0, 31, 60, 79, 90, Buffer.from(envelope, "base64url").length - 1]) {
    const bytes = Buffer.from(envelope, "base64url");
    bytes[position]! ^= 1;
    sealed[`with byte ${position} changed`] = bytes.toString("base64url");
  }
  for (const [what, text] of Object.entries(sealed)) {
    const answer = await bring(scene.visit, file, { sealed: text });
    assert.deepEqual(
      [answer.type, (answer as Message<"answer">).code],
      ["answer", "corrupt"],
      what,
    );
    assert.equal((answer as Message<"answer">).sealed, null, what);
  }
  assert.deepEqual(scene.names(), []);
  assert.match((await scene.stop()).stderr, /refused what the hub brought from ana: cannot open/);
});

Deno.test("what is sealed in place of an offer is told without doing anything to a terminal", async () => {
  await using scene = await Receiving.open();
  const file = fileOf(ana, "a.bin");
  const sealed = await sealEnvelope(new TextEncoder().encode(HOSTILE), {
    purpose: PURPOSE.offer,
    transferId: Buffer.from(file.transfer, "hex"),
    sender: ana,
    receiver: scene.visit.peer.keys,
  });
  const answer = await bring(scene.visit, file, {
    sealed: Buffer.from(sealed).toString("base64url"),
  });
  assert.equal((answer as Message<"answer">).code, "corrupt");
  const { stdout, stderr } = await scene.stop();
  assert.match(stderr, /ana: cannot decode message: .*\\u\{1b\}\[2J/);
  assertHarmless(stdout + stderr);
});

Deno.test("what a receiver seals into its answer does nothing to the terminal of status", async () => {
  await using scene = await Sending.open();
  const bob = await identityKeys();
  const receipt = { savedAs: HOSTILE, sha256: "0".repeat(64), bytes: 1, resumedAt: 0 };
  const answers = [["delivered", receipt], ["declined", { reason: HOSTILE }]] as const;
  for (const [code, payload] of answers) {
    let entry!: Message<"entry">;
    await scene.sendTo({ name: "bob", keyPair: bob }, async ({ exchange, relay, peer }) => {
      const { transfer, size } = relay;
      const sealed = await sealAnswer(payload, { transfer, to: peer.keys, keyPair: bob });
      await exchange.send({ type: "outcome", to: "bob", code, sealed });
      const sent = { exchange: 0, transfer, to: "bob", size, bytes: 1, created: 0, until: 0 };
      entry = { type: "entry", ...sent, code, sealed };
    });
    await using status = new Program(["status", scene.hub.to], { home: scene.home });
    const { exchange } = await scene.hub.visit("status");
    await exchange.send(entry);
    await exchange.send({ type: "listed" });
    const { stdout, stderr } = await status.finished;
    assert.match(stdout, /\\u\{1b\}\[2J/, stderr);
    assertHarmless(stdout + stderr);
  }
});

Deno.test("another key under a name that is known is refused, and both are told", async () => {
  await using scene = await Receiving.open();
  const honest = fileOf(ana, "honest.bin");
  assert.ok((await scene.opened(await bring(scene.visit, honest), honest, ana)).receipt);
  for (const from of ["ana", "ANA"]) {
    const file = fileOf(eve, "lie.bin");
    const answer = await bring(scene.visit, file, { from });
    assert.match(
      (await scene.opened(answer, file, eve)).reason!,
      /^the key of "ana" has changed: it was /,
    );
    assert.equal((answer as Message<"answer">).code, "person");
  }
  assert.deepEqual(scene.names(), ["honest.bin"]);
  const { stdout } = await scene.stop();
  const refused = eventsOf({ stdout, stderr: "", code: 0 }, "refused");
  assert.match(refused[0]!.reason, /^the key of "ana" has changed/);
});

Deno.test("who waits by a code takes nothing that a hub brings from anybody else", async () => {
  await using scene = await Sending.open();
  await using program = new Program(["receive", "--code", scene.hub.to, "--dir", "received"], {
    home: scene.home,
    cwd: scene.dir,
  });
  const visit = await scene.hub.letJoin();
  const file = fileOf(ana, "lie.bin");
  const answer = await bring(visit, file) as Message<"answer">;
  assert.equal(answer.code, "person");
  const about = { transfer: file.transfer, keyPair: ana, key: visit.peer.key };
  assert.equal((await openAnswer(answer, about)).reason, "only who shares the code may send here");
  program.kill("SIGINT");
  assert.equal((await program.finished).code, 130);
});

Deno.test("somebody who joins takes deliveries from a hub, and nothing else", async () => {
  await using scene = await Receiving.open();
  for (
    const opening of [{ type: "list" }, { type: "status" }, { type: "join", keep: true }] as const
  ) {
    const exchange = scene.visit.session.open();
    await exchange.send(opening);
    const reply = await exchange.receive();
    assert.deepEqual([reply.type, (reply as Message<"refuse">).code], ["refuse", "declined"]);
    exchange.end();
  }
});

Deno.test("a hub that names another key for somebody is found out by send and by peers", async () => {
  await using scene = await Sending.open();
  const bob = await identityKeys();
  const first = await scene.sendTo({ name: "bob", keyPair: bob }, honestly);
  assert.equal(first.code, 0, first.stderr);
  for (const name of ["bob", "Bob"]) {
    await using program = scene.sending();
    await scene.hub.list([{ name, keys: eve }]);
    const { code, stderr } = await program.finished;
    assert.equal(code, 4);
    assert.match(stderr, /^error: the key of "bob" has changed: it was .*, it is /m);
  }
  const peers = new Program(["peers", scene.hub.to, "--json"], { home: scene.home });
  await scene.hub.list([
    { name: "bob", keys: eve },
    { name: "cy", keys: ana },
  ]);
  const listed = await peers.finished;
  assert.equal(listed.code, 4);
  assert.deepEqual(eventsOf(listed, "peer").map(({ name }) => name), ["bob", "cy"]);
  assert.match(listed.stderr, /the key of "bob" has changed/);
});

Deno.test("a delivery that a hub only claims is not believed", async () => {
  await using scene = await Sending.open();
  const bob = await identityKeys();
  const receipt = { savedAs: "a.txt", sha256: "0".repeat(64), bytes: 1, resumedAt: 0 };
  const claims: Record<string, (about: About) => string | null | Promise<string>> = {
    "without an answer": () => null,
    "with noise": () => "AAAA",
    "by another key": (about) => sealAnswer(receipt, { ...about, keyPair: eve }),
    "of another transfer": (about) =>
      sealAnswer(receipt, { ...about, transfer: "0".repeat(32), keyPair: bob }),
    "that was a no": (about) => sealAnswer({ reason: "no" }, { ...about, keyPair: bob }),
  };
  for (const [claim, sealed] of Object.entries(claims)) {
    const sent = await scene.sendTo(
      { name: "bob", keyPair: bob },
      async ({ exchange, ...visit }) => {
        await exchange.send({
          ...{ type: "outcome", to: "bob", code: "delivered" },
          sealed: await sealed({ transfer: visit.relay.transfer, to: visit.peer.keys }),
        });
      },
    );
    assert.equal(sent.code, 4, claim);
    assert.match(
      sent.stderr,
      /"a.txt" for "bob": the hub says "delivered", and cannot prove/,
      claim,
    );
  }
});

Deno.test("a hub that talks nonsense ends send with an error, not with a crash", async () => {
  await using scene = await Sending.open();
  const bob = await identityKeys();
  type Hub = Relaying["exchange"];
  const nonsense: [say: (hub: Hub) => Promise<void>, number][] = [
    [(hub) => hub.accept({ offset: 1, digest: null }), 3],
    [(hub) => hub.accept({ offset: 2 ** 50, digest: null }), 3],
    [(hub) => hub.send({ type: "credit", bytes: 2 ** 50, wider: 0 }), 3],
    [(hub) => hub.send({ type: "stored", until: 2 ** 53 - 1 }), 0],
    [(hub) => hub.send({ type: "listed" }), 3],
    [(hub) => hub.send({ type: "cancel", code: "disk", reason: "full" }), 4],
    [(hub) => hub.send({ type: "refuse", code: "quota", reason: "full" }), 4],
  ];
  for (const [say, code] of nonsense) {
    const wait = ["--wait", "stored", "--give-up", "0s"];
    const sent = await scene.sendTo(
      { name: "bob", keyPair: bob },
      ({ exchange }) => say(exchange),
      wait,
    );
    assert.equal(sent.code, code, `${say}: ${sent.stderr}`);
    assert.doesNotMatch(sent.stderr, /^ {4}at /m);
  }
});

function fileOf(from: IdentityKeys, name: string): SealedFile {
  return new SealedFile(from, { name, content: sampleBytes(2 * CHUNK_BYTES + 10, name.length) });
}

function assertHarmless(said: string) {
  assert.doesNotMatch(said, /[^\P{Cc}\n]|\u202e/u);
}

function flipped(chunk: Uint8Array): Uint8Array {
  const changed = chunk.slice();
  changed[1000]! ^= 1;
  return changed;
}

interface About {
  transfer: string;
  to: PublicKeys;
}

type Relaying = Awaited<ReturnType<LyingHub["takeRelay"]>>;

/** Answers as a receiver who has it would. */
async function honestly({ exchange, relay, peer, bob }: Relaying & { bob: IdentityKeys }) {
  const receipt = { savedAs: "a.txt", sha256: "0".repeat(64), bytes: 1, resumedAt: 0 };
  const sealed = await sealAnswer(receipt, {
    keyPair: bob,
    to: peer.keys,
    transfer: relay.transfer,
  });
  await exchange.send({ type: "outcome", to: "bob", code: "delivered", sealed });
}

/** A `p2p send` to somebody whom a lying hub names. */
class Sending implements AsyncDisposable {
  readonly hub = new LyingHub();
  readonly #dir: TempDir;

  static async open(): Promise<Sending> {
    const dir = await TempDir.make();
    await Deno.mkdir(dir.join("home"), { mode: 0o700 });
    await Deno.writeTextFile(dir.join("a.txt"), "a");
    return new Sending(dir);
  }

  private constructor(dir: TempDir) {
    this.#dir = dir;
  }

  get home(): string {
    return this.#dir.join("home");
  }

  get dir(): string {
    return this.#dir.path;
  }

  sending(args: string[] = []): Program {
    const line = ["send", "a.txt", "--peer", "bob", "--to", this.hub.to, ...args];
    return new Program(line, { home: this.home, cwd: this.#dir.path });
  }

  /** Sends, and does `answer` once the envelope is there. */
  async sendTo(
    { name, keyPair }: { name: string; keyPair: IdentityKeys },
    answer: (visit: Relaying & { bob: IdentityKeys }) => Promise<void>,
    args: string[] = [],
  ): Promise<Finished> {
    await using program = this.sending(args);
    await this.hub.list([{ name, keys: keyPair }]);
    await answer({ ...await this.hub.takeRelay(), bob: keyPair });
    return await program.finished;
  }

  async [Symbol.asyncDispose]() {
    await this.hub[Symbol.asyncDispose]();
    await this.#dir[Symbol.asyncDispose]();
  }
}

/** A `p2p join` to a lying hub. */
class Receiving implements AsyncDisposable {
  readonly hub = new LyingHub();
  readonly #dir: TempDir;
  #program!: Program;
  /** The one who has joined. */
  visit!: Visit;

  static async open(args: string[] = []): Promise<Receiving> {
    const scene = new Receiving(await TempDir.make());
    await Deno.mkdir(scene.#dir.join("home"), { mode: 0o700 });
    await scene.restart(args);
    return scene;
  }

  private constructor(dir: TempDir) {
    this.#dir = dir;
  }

  #start(args: string[]): void {
    const place = ["--name", "bob", "--dir", this.#dir.join("received"), "--json"];
    this.#program = new Program(["join", this.hub.to, ...place, ...args], {
      home: this.#dir.join("home"),
    });
  }

  /** Kills the program where it runs, and joins again. */
  async restart(args: string[] = []): Promise<void> {
    await this.#program?.[Symbol.asyncDispose]();
    this.#start(args);
    this.visit = await this.hub.letJoin();
  }

  async stop(): Promise<Finished> {
    this.#program.kill("SIGINT");
    return await this.#program.finished;
  }

  /** What an answer says to the sender. */
  async opened(answer: Message, { transfer }: SealedFile, keyPair: IdentityKeys) {
    assert.equal(answer.type, "answer");
    return await openAnswer(answer as Message<"answer">, {
      transfer,
      keyPair,
      key: this.visit.peer.key,
    });
  }

  names(): string[] {
    const names = [...Deno.readDirSync(this.#dir.join("received"))].map(({ name }) => name);
    return names.filter((name) => name !== ".p2p-partial").sort();
  }

  cleared(): Promise<void> {
    const parts = join(this.#dir.path, "received", ".p2p-partial");
    return eventually(() => assert.deepEqual([...Deno.readDirSync(parts)], []));
  }

  async [Symbol.asyncDispose]() {
    await this.#program[Symbol.asyncDispose]();
    await this.hub[Symbol.asyncDispose]();
    await this.#dir[Symbol.asyncDispose]();
  }
}
