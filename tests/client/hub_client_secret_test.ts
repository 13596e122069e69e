import assert from "node:assert/strict";
import { Channel } from "../../src/protocol/channel.ts";
import type { HubClientOptions, SharedSecret } from "../../src/client/hub_client.ts";
import type { Address } from "../../src/transport/address.ts";
import { accept } from "../../src/protocol/handshake.ts";
import { Session } from "../../src/protocol/session.ts";
import { pinKey, pinnedKey } from "../../src/home/known_hubs.ts";
import { identityKeys } from "../../src/secure/identity_keys.ts";
import { TcpConnection } from "../../src/transport/tcp_connection.ts";
import {
  BEYOND,
  clientIn,
  connectAndLeave,
  forever,
  hubKeys,
  nobodyAnswers,
  startHub,
} from "../helpers/connect_to_hub.ts";
import { TempDir } from "../helpers/temp_dir.ts";

const SECRET = "correct horse battery";

Deno.test("HubClient.connect with the secret pins a new key beyond loopback without asking", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub({ secret: SECRET });
  const address = { host: BEYOND, port: hub.port };
  const trustKey = () => assert.fail("nobody is to be asked");
  const questions = nobodyAnswers({ trustKey });
  const client = clientIn(dir, { address, secret: { known: SECRET }, questions });
  for (let run = 0; run < 2; run++) await connectAndLeave(client);
  assert.deepEqual(await pinnedKey(dir.path, `${BEYOND}:${hub.port}`), hubKeys.id);
});

Deno.test("HubClient.connect asks for a secret once, with no connection open meanwhile", async () => {
  await using dir = await TempDir.make();
  const troubles: string[] = [];
  await using hub = startHub({
    secret: SECRET,
    onError: (_, { message }) => void troubles.push(message),
  });
  const asked: string[] = [];
  const secret: SharedSecret = { known: undefined };
  const questions = nobodyAnswers({
    secret: (where) => {
      asked.push(where);
      return Promise.resolve(SECRET);
    },
  });
  const address = { host: "127.0.0.1", port: hub.port };
  // Each with a client of its own: the answer is shared.
  for (let run = 0; run < 2; run++) {
    await connectAndLeave(clientIn(dir, { address, secret, questions }));
  }
  assert.equal(secret.known, SECRET);
  assert.deepEqual(asked, [`127.0.0.1:${hub.port}`]);
  assert.deepEqual(troubles, []);
});

Deno.test("HubClient.connect refuses where nobody knows the secret, and pins nothing", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub({ secret: SECRET });
  const address = { host: "127.0.0.1", port: hub.port };
  const where = `127.0.0.1:${hub.port}`;
  for (const options of [{}, { secret: { known: undefined } }]) {
    await assert.rejects(connectTo(address, dir, options), {
      code: "refused",
      message: `cannot connect to ${where}: the hub wants a secret`,
      hint: /--secret-file/,
    });
  }
  const secret: SharedSecret = { known: "another one" };
  await assert.rejects(connectTo(address, dir, { secret }), {
    code: "refused",
    detail: "wrong-secret",
    message: `cannot connect to ${where}: the secret is wrong`,
  });
  assert.equal(secret.known, undefined, "it is not tried again");
  assert.equal(await pinnedKey(dir.path, where), undefined);
});

Deno.test("HubClient.connect is refused after five wrong secrets, also with the right one", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub({ secret: SECRET });
  const address = { host: "127.0.0.1", port: hub.port };
  // As many as may shake hands at once: nobody has to give way.
  const tries = Array.from(
    { length: 8 },
    () => connectTo(address, dir, { secret: { known: "guessing" } }),
  );
  const settled = await Promise.allSettled(tries);
  const messages = settled.map((one) => one.status === "rejected" ? one.reason.message : "open");
  assert.equal(messages.filter((message) => message.endsWith("the secret is wrong")).length, 5);
  assert.equal(messages.filter((message) => /too many wrong secrets/.test(message)).length, 3);
  const right = { secret: { known: SECRET } };
  await assert.rejects(connectTo(address, dir, right), {
    code: "refused",
    message: /again in \d+ s$/,
  });
});

Deno.test("HubClient.connect stops at a key that changed, whatever secret is known there", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub({ secret: SECRET });
  const where = `127.0.0.1:${hub.port}`;
  await pinKey(dir.path, where, (await identityKeys()).id);
  const options = { secret: { known: SECRET } };
  await assert.rejects(connectTo({ host: "127.0.0.1", port: hub.port }, dir, options), {
    code: "refused",
    message: /has changed/,
    hint: new RegExp(`\`p2p trust forget ${where}\``),
  });
});

Deno.test("HubClient.connect does not take a hub that wants no secret for one that knows it", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub();
  const options = { secret: { known: SECRET } };
  await assert.rejects(connectTo({ host: BEYOND, port: hub.port }, dir, options), {
    code: "refused",
    message: /is not known/,
  });
});

Deno.test("HubClient.connect takes no welcome from who has not proved the secret", async () => {
  await using dir = await TempDir.make();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const lying = (async () => {
    const conn = new TcpConnection(await listener.accept());
    const attempt = () => Promise.resolve("no");
    const handshake = await accept(conn, {
      keyPair: hubKeys,
      check: { secret: "unknown", attempt },
    });
    const session = new Session(new Channel(conn, handshake), { initiator: false });
    await session.welcome("a liar");
    await session.closed.catch(() => {});
  })();
  const options = { secret: { known: SECRET } };
  const where = { host: "127.0.0.1", port: listener.addr.port };
  await assert.rejects(connectTo(where, dir, options), { code: "refused" });
  await lying;
  assert.equal(await pinnedKey(dir.path, `127.0.0.1:${where.port}`), undefined);
});

Deno.test("HubClient.underCode takes a new key without asking and does not pin it, but stops at another", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub();
  const address = { host: BEYOND, port: hub.port };
  const where = `${BEYOND}:${hub.port}`;
  await connectAndLeave(clientIn(dir, { address }).underCode());
  assert.equal(await pinnedKey(dir.path, where), undefined);
  await pinKey(dir.path, where, (await identityKeys()).id);
  const connecting = clientIn(dir, { address }).underCode().connect({ signal: forever() });
  await assert.rejects(connecting, { code: "refused", detail: "key-changed" });
});

Deno.test("HubClient.connect gives who answers for an unknown hub one guess at the secret, and dials again where it is known", async () => {
  for (const remember of [true, false]) {
    await using dir = await TempDir.make();
    await using hub = new HubThatLoses();
    const client = clientIn(dir, { address: hub.address, secret: { known: SECRET }, remember });
    hub.losses = 9;
    await assert.rejects(client.connect({ signal: forever() }), {
      code: "refused",
      detail: "proof-unanswered",
      message: /^cannot connect to [\d.:]+: the connection .* while the secret was being proved$/,
    });
    assert.equal(hub.proofs, 1);
    hub.losses = 0;
    await connectAndLeave(client);
    // It has proved the secret now, remembered or not.
    for (const known of [client, client.underCode()]) {
      hub.losses = 1;
      await connectAndLeave(known);
    }
    assert.equal(hub.proofs, 6);
  }
});

/** A hub that takes as many proofs as `losses` says, and closes in place of an answer. */
class HubThatLoses implements AsyncDisposable {
  losses = 0;
  /** The proofs that it was shown. */
  proofs = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #serving = this.#serve();

  get address(): Address {
    return { host: "127.0.0.1", port: this.#listener.addr.port };
  }

  async #serve() {
    for await (const conn of this.#listener) await this.#meet(new TcpConnection(conn));
  }

  async #meet(conn: TcpConnection) {
    const attempt = async (run: () => Promise<boolean>) => {
      this.proofs++;
      if (await run()) return undefined;
      conn.close();
      return "lost";
    };
    const secret = this.losses-- > 0 ? "another one" : SECRET;
    const handshake = await accept(conn, { keyPair: hubKeys, check: { secret, attempt } })
      .catch(() => undefined);
    if (handshake === undefined) return;
    const session = new Session(new Channel(conn, handshake), { initiator: false });
    await session.welcome("the hub");
    await session.closed.catch(() => {});
  }

  async [Symbol.asyncDispose]() {
    this.#listener.close();
    await this.#serving;
  }
}

function connectTo(address: Address, dir: TempDir, options: Partial<HubClientOptions>) {
  return clientIn(dir, { address, ...options }).connect({ signal: forever() });
}
