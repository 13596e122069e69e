import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { P2pError } from "../../src/errors.ts";
import {
  accept,
  type HandshakeConnection,
  type HandshakeEnd,
  initiate,
  type Proof,
} from "../../src/protocol/handshake.ts";
import {
  checkSecret,
  NOTHING,
  type ProofContext,
  proofInput,
  proveSecret,
} from "../../src/protocol/prove_secret.ts";
import { CpaceResponder } from "../../src/secure/cpace/cpace.ts";
import { identityKeys } from "../../src/secure/identity_keys.ts";
import { fakeKeys } from "../helpers/fake_keys.ts";
import { sampledPlaces } from "../helpers/sampled_places.ts";
import { memoryConnection, MemoryPipe, TappedPipe } from "../helpers/memory_connection.ts";

const SECRET = "correct horse battery";
const hubKeys = await identityKeys();
const ownKeys = await identityKeys();

Deno.test("both sides open with the same secret, however it is composed and spaced", async () => {
  for (
    const [ours, theirs] of [[SECRET, SECRET], [" Zoë's secret\n", "Zoe\u0308's secret"]] as const
  ) {
    const { initiated, accepted } = await shake({ ours, theirs });
    assert.deepEqual([proofOf(initiated), proofOf(accepted)], ["secret", "secret"]);
  }
});

Deno.test("nobody opens with another secret, and the acceptor proves nothing", async () => {
  const { initiated, accepted, toInitiator } = await shake({ ours: "correct horse batterx" });
  assert.deepEqual(proofOf(accepted), { refusal: "wrong" });
  assert.deepEqual(proofOf(initiated), { refusal: "the other side refused", isWrong: true });
  const right = await shake({});
  // The same but for the tag: nothing is in its place, encrypted.
  assert.equal(toInitiator.seen.length, right.toInitiator.seen.length - 64);
  assert.deepEqual(toInitiator.seen.slice(-18, -16), [0, 16]);
});

Deno.test("an acceptor that does not know the secret is found out before anything is said", async () => {
  const proof = await shake({ theirs: "another secret" });
  assert.notEqual(proofOf(proof.initiated), "secret");
  // A liar that says yes all the same.
  const context = { handshakeHash: randomBytes(32), initiator: ownKeys, acceptor: hubKeys };
  const liar = new CpaceResponder(proofInput({ ...context, secret: "another secret" }));
  const frames = [liar.share, new Uint8Array(64)];
  const proving = proveSecret(proofInput({ ...context, secret: SECRET }), {
    send: () => Promise.resolve(),
    next: () => Promise.resolve(frames.shift()!),
  });
  await assert.rejects(proving.then(({ result }) => result), { code: "refused" });
});

Deno.test("records may leave before the acceptor's tag where its id was pinned, and not at first contact", async () => {
  for (const isPinned of [true, false]) {
    const [near, far] = memoryConnection(new MemoryPipe(), new MemoryPipe());
    const tagIsDue = Promise.withResolvers<void>();
    const accepted = accepting(far, { secret: SECRET });
    const held = holding(near, tagIsDue.promise);
    let mayStart = false;
    const initiated = initiating(held, SECRET, { isPinned }).then((handshake) => {
      mayStart = true;
      return handshake;
    });
    assert.equal((await (await accepted).end).proof, "secret"); // It has our tag.
    if (isPinned) await initiated;
    assert.equal(mayStart, isPinned);
    tagIsDue.resolve();
    assert.equal((await (await initiated).end).proof, "secret");
  }
});

Deno.test("a guess that is refused without a look gets an empty frame in place of the share", async () => {
  const { initiated, accepted } = await shake({ attempt: () => Promise.resolve("later") });
  assert.deepEqual(proofOf(accepted), { refusal: "later" });
  assert.deepEqual(proofOf(initiated), { refusal: "the other side refused", isWrong: false });
});

Deno.test("no side takes the other for right with any byte of handshake and proof changed", async () => {
  const { toAcceptor, toInitiator } = await shake({});
  const flip = (at: number, mask: number) =>
    new TappedPipe((byte, position) => position === at ? byte ^ mask : byte);
  for (const at of sampledPlaces(toAcceptor.seen.length, 200)) {
    const { accepted } = await shake({ toAcceptor: flip(at, 1 << at % 8) });
    assert.notEqual(proofOf(accepted), "secret", `byte ${at} to the acceptor`);
  }
  for (const at of sampledPlaces(toInitiator.seen.length, 200)) {
    const { initiated } = await shake({ toInitiator: flip(at, 1 << at % 8) });
    assert.notEqual(proofOf(initiated), "secret", `byte ${at} to the initiator`);
  }
});

Deno.test("a man in the middle who shakes hands with both does not get in with what they prove", async () => {
  // Each side proves over its own handshake, so what one sends is of no use to the other.
  const middle = await identityKeys();
  const [victimEnd, middleToVictim] = memoryConnection();
  const [middleToHub, hubEnd] = memoryConnection();
  const victim = initiating(victimEnd, SECRET);
  const hub = accepting(hubEnd, { secret: SECRET });
  const relayed = Promise.withResolvers<void>();
  // The middle knows no secret: all that it can do is to pass the frames on.
  const toVictim = accept(middleToVictim, {
    keyPair: middle,
    check: { secret: "unknown", attempt: () => relayed.promise.then(() => "closed") },
  });
  const toHub = initiate(middleToHub, {
    keyPair: middle,
    name: "middle",
    secret: "unknown",
    checkKey: () => Promise.resolve(),
  });
  assert.deepEqual((await (await hub).end).proof, { refusal: "wrong" });
  await toHub;
  relayed.resolve();
  await toVictim;
  assert.notEqual((await (await victim).end).proof, "secret");
});

Deno.test("a proof that is passed on proves nothing in another handshake, nor between other keys", async () => {
  const context = {
    secret: SECRET,
    handshakeHash: randomBytes(32),
    initiator: fakeKeys("ana"),
    acceptor: fakeKeys("hub"),
  };
  assert.deepEqual(await passedOn(context, context), [true, true]);
  const others = [
    { handshakeHash: randomBytes(32) },
    { initiator: fakeKeys("eve") },
    { acceptor: fakeKeys("eve") },
  ];
  for (const other of others) {
    const elsewhere = { ...context, ...other };
    assert.deepEqual(
      await passedOn(context, elsewhere),
      [false, false],
      String(Object.keys(other)),
    );
  }
});

Deno.test("initiate without a secret does not send message 3 to a hub that wants one", async () => {
  const { initiated, toAcceptor } = await shake({ ours: undefined });
  assert.equal(errorOf(initiated)?.code, "refused");
  assert.equal(toAcceptor.seen.length, 8 + 2 + 32 + 1_184);
});

Deno.test("an unfinished run is an attempt that throws", async () => {
  const outcomes: unknown[] = [];
  const [initiator, acceptor] = memoryConnection();
  const accepted = accepting(acceptor, {
    secret: SECRET,
    attempt: (run) => run().then(String, (error) => String(outcomes.push(error))),
  }).catch(() => {});
  let written = 0;
  const cut: HandshakeConnection = {
    read: initiator.read,
    async write(bytes) {
      await initiator.write(bytes);
      if (++written === 2) await initiator.closeWrite(); // Message 3 and the share, and no tag.
    },
  };
  const running = initiating(cut, SECRET).catch(() => {});
  await accepted;
  acceptor.close();
  await running;
  assert.equal(outcomes.length, 1);
});

interface Shake {
  ours?: string | undefined;
  theirs?: string;
  attempt?: (run: () => Promise<boolean>) => Promise<string | undefined>;
  toAcceptor?: TappedPipe;
  toInitiator?: TappedPipe;
}

async function shake(options: Shake) {
  const { theirs = SECRET, toAcceptor = new TappedPipe(), toInitiator = new TappedPipe() } =
    options;
  const ours = "ours" in options ? options.ours : SECRET;
  const [initiator, acceptor] = memoryConnection(toAcceptor, toInitiator);
  const end = () => Promise.all([toAcceptor.end(), toInitiator.end()]);
  const settling = Promise.allSettled([
    initiating(initiator, ours).then(({ end }) => end).finally(end),
    accepting(acceptor, { secret: theirs, attempt: options.attempt }).then(({ end }) => end)
      .catch(async (error) => {
        await end();
        throw error;
      }),
  ]);
  // A changed length keeps both waiting: then the connection ends.
  const stuck = setTimeout(end, 250);
  const [initiated, accepted] = await settling;
  clearTimeout(stuck);
  return { initiated, accepted, toAcceptor, toInitiator };
}

function initiating(
  conn: HandshakeConnection,
  secret: string | undefined,
  { isPinned = false }: { isPinned?: boolean } = {},
) {
  return initiate(conn, {
    keyPair: ownKeys,
    name: "Zoë",
    secret,
    checkKey: () => Promise.resolve({ isPinned }),
  });
}

/** The same connection, which gives nothing that comes behind the acceptor's share before `until`. */
function holding(conn: HandshakeConnection, until: Promise<void>): HandshakeConnection {
  let writes = 0;
  return {
    read: async (into) => {
      if (writes === TAG_IS_SENT) await until;
      return await conn.read(into);
    },
    write: (bytes) => {
      writes++;
      return conn.write(bytes);
    },
  };
}

/** Preamble and message 1, message 3 and share, tag. */
const TAG_IS_SENT = 3;

function accepting(
  conn: HandshakeConnection,
  { secret, attempt = async (run) => await run() ? undefined : "wrong" }: {
    secret: string;
    attempt?: Shake["attempt"];
  },
) {
  return accept(conn, { keyPair: hubKeys, check: { secret, attempt } });
}

function proofOf(settled: PromiseSettledResult<HandshakeEnd>): Proof | undefined {
  return settled.status === "fulfilled" ? settled.value.proof : undefined;
}

function errorOf(settled: PromiseSettledResult<unknown>): P2pError | undefined {
  return settled.status === "rejected" && settled.reason instanceof P2pError
    ? settled.reason
    : undefined;
}

/** What initiator and acceptor, each in a handshake of its own, take the other for whose frames they get. */
async function passedOn(ours: ProofContext, theirs: ProofContext): Promise<[boolean, boolean]> {
  const [toAcceptor, toInitiator] = [new Frames(), new Frames()];
  const proved = proveSecret(proofInput(ours), {
    send: (frame) => toAcceptor.send(frame),
    next: () => toInitiator.next(),
  });
  const right = await checkSecret(proofInput(theirs), {
    share: await toAcceptor.next(),
    frames: { send: (frame) => toInitiator.send(frame), next: () => toAcceptor.next() },
  });
  if (!right) await toInitiator.send(NOTHING);
  return [await (await proved).result === "proved", right];
}

/** Frames on their way in one direction. */
class Frames {
  readonly #pipe = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 8 });
  readonly #writer = this.#pipe.writable.getWriter();
  readonly #reader = this.#pipe.readable.getReader();

  async send(frame: Uint8Array): Promise<void> {
    await this.#writer.write(frame);
  }

  async next(): Promise<Uint8Array> {
    return (await this.#reader.read()).value!;
  }
}
