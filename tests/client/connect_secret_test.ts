import assert from "node:assert/strict";
import { Channel } from "../../src/protocol/channel.ts";
import { connect, type SecretSource } from "../../src/client/connect.ts";
import { accept } from "../../src/protocol/handshake.ts";
import { Session } from "../../src/protocol/session.ts";
import { pinKey, pinnedKey } from "../../src/home/known_hubs.ts";
import { generateKeyPair } from "../../src/secure/x25519.ts";
import { TcpConnection } from "../../src/transport/tcp_connection.ts";
import {
  BEYOND,
  connectAndLeave,
  hubKeys,
  optionsIn,
  startHub,
} from "../helpers/connect_to_hub.ts";
import { TempDir } from "../helpers/temp_dir.ts";

const SECRET = "correct horse battery";

Deno.test("connect with the secret pins a new key beyond loopback without asking", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub({ secret: SECRET });
  const address = { host: BEYOND, port: hub.port };
  const trustNew = () => assert.fail("nobody is to be asked");
  const options = optionsIn(dir, { secret: sourceOf(SECRET), trustNew });
  for (let run = 0; run < 2; run++) await connectAndLeave(address, options);
  assert.deepEqual(await pinnedKey(dir.path, `${BEYOND}:${hub.port}`), hubKeys.publicKey);
});

Deno.test("connect asks for a secret once, with no connection open meanwhile", async () => {
  await using dir = await TempDir.make();
  const troubles: string[] = [];
  await using hub = startHub({
    secret: SECRET,
    onError: (_, { message }) => void troubles.push(message),
  });
  const asked: string[] = [];
  const secret: SecretSource = {
    known: undefined,
    ask: (where) => {
      asked.push(where);
      secret.known = SECRET;
      return Promise.resolve();
    },
  };
  const address = { host: "127.0.0.1", port: hub.port };
  for (let run = 0; run < 2; run++) await connectAndLeave(address, optionsIn(dir, { secret }));
  assert.deepEqual(asked, [`127.0.0.1:${hub.port}`]);
  assert.deepEqual(troubles, []);
});

Deno.test("connect refuses where nobody knows the secret, and pins nothing", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub({ secret: SECRET });
  const address = { host: "127.0.0.1", port: hub.port };
  const where = `127.0.0.1:${hub.port}`;
  for (const secret of [undefined, sourceOf(undefined)]) {
    await assert.rejects(connect(address, optionsIn(dir, { secret })), {
      code: "refused",
      message: `cannot connect to ${where}: the hub wants a secret`,
      hint: /--secret-file/,
    });
  }
  await assert.rejects(connect(address, optionsIn(dir, { secret: sourceOf("another one") })), {
    code: "refused",
    message: `cannot connect to ${where}: the secret is wrong`,
  });
  assert.equal(await pinnedKey(dir.path, where), undefined);
});

Deno.test("connect is refused after five wrong secrets, also with the right one", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub({ secret: SECRET });
  const address = { host: "127.0.0.1", port: hub.port };
  // As many as may shake hands at once: nobody has to give way.
  const tries = Array.from({ length: 8 }, () => optionsIn(dir, { secret: sourceOf("guessing") }));
  const settled = await Promise.allSettled(tries.map((options) => connect(address, options)));
  const messages = settled.map((one) => one.status === "rejected" ? one.reason.message : "open");
  assert.equal(messages.filter((message) => message.endsWith("the secret is wrong")).length, 5);
  assert.equal(messages.filter((message) => /too many wrong secrets/.test(message)).length, 3);
  const right = optionsIn(dir, { secret: sourceOf(SECRET) });
  await assert.rejects(connect(address, right), { code: "refused", message: /again in \d+ s$/ });
});

Deno.test("connect stops at a key that changed, whatever secret is known there", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub({ secret: SECRET });
  const where = `127.0.0.1:${hub.port}`;
  await pinKey(dir.path, where, generateKeyPair().publicKey);
  const options = optionsIn(dir, { secret: sourceOf(SECRET) });
  await assert.rejects(connect({ host: "127.0.0.1", port: hub.port }, options), {
    code: "refused",
    message: /has changed/,
    hint: new RegExp(`\`p2p trust forget ${where}\``),
  });
});

Deno.test("connect does not take a hub that wants no secret for one that knows it", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub();
  const options = optionsIn(dir, { secret: sourceOf(SECRET) });
  await assert.rejects(connect({ host: BEYOND, port: hub.port }, options), {
    code: "refused",
    message: /is not known/,
  });
});

Deno.test("connect takes no welcome from who has not proved the secret", async () => {
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
  const options = optionsIn(dir, { secret: sourceOf(SECRET) });
  const where = { host: "127.0.0.1", port: listener.addr.port };
  await assert.rejects(connect(where, options), { code: "refused" });
  await lying;
  assert.equal(await pinnedKey(dir.path, `127.0.0.1:${where.port}`), undefined);
});

Deno.test("connect to any hub takes a new key without asking and does not pin it, but stops at another", async () => {
  await using dir = await TempDir.make();
  await using hub = startHub();
  const address = { host: BEYOND, port: hub.port };
  const where = `${BEYOND}:${hub.port}`;
  await connectAndLeave(address, optionsIn(dir, { skipPin: true }));
  assert.equal(await pinnedKey(dir.path, where), undefined);
  await pinKey(dir.path, where, generateKeyPair().publicKey);
  await assert.rejects(connect(address, optionsIn(dir, { skipPin: true })), { code: "refused" });
});

function sourceOf(known: string | undefined): SecretSource {
  return { known, ask: () => Promise.resolve() };
}
