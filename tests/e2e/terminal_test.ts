import assert from "node:assert/strict";
import { accept } from "../../src/protocol/handshake.ts";
import { identityKeys } from "../../src/secure/identity_keys.ts";
import { TcpConnection } from "../../src/transport/tcp_connection.ts";
import { RawPeer } from "../helpers/raw_peer.ts";
import { sampleBytes } from "../helpers/sample_files.ts";
import { hasScript, TerminalProgram } from "./in_terminal.ts";
import { Scene } from "./scene.ts";

/** Needs util-linux's `script`, which gives a program a terminal. */
const ignore = !hasScript;

/** The escape sequences that are ours: colours and weights, the cursor up, erase and delete lines, wrap off and on. */
const OURS = new RegExp("\x1b\\[(?:[0-9;]*m|\\d+A|K|\\d*M|\\?7[lh])", "g");

/** What must not reach a terminal beside them: controls but line feed and the terminal's own carriage return. */
const CONTROLS = /[^\P{Cc}\r\n]|\ufffd/u;

const HOSTILE = [
  ...["\x1b[2J", "\x1b]0;owned\x07", "\x1b]52;c;AAAA\x1b\\", "\x9b31m", "\x07\x08\x7f", "\r\x1b[A"],
  ...["\u202Eevil", "\u200B", "\u2028", "\udc00", "\x1bP+q\x1b\\"],
];

Deno.test(
  { name: "on a terminal a bar shows how far it is, and is gone at the end", ignore },
  async () => {
    await using scene = await Scene.open();
    await scene.write("big.bin", sampleBytes(3_000_000));
    await using program = await sendInTerminal(scene, ["big.bin", "--limit", "2MB/s"]);
    const shown = await program.shown(/ [1-9]\d% .*█.*MB\/s.* left/);
    assert.match(shown, /is new: its key/);
    const { code, screen } = await program.finished();
    assert.equal(code, 0);
    const last = screen.trimEnd().split("\r\n").at(-1)!;
    assert.match(last.replaceAll(OURS, ""), /^\r*delivered big\.bin to rack \(3\.0 MB in /);
    assertRestored(screen);
  },
);

Deno.test(
  { name: "Ctrl-C on a terminal takes the bar away and says how to go on", ignore },
  async () => {
    await using scene = await Scene.open();
    await scene.write("big.bin", sampleBytes(3_000_000));
    await using program = await sendInTerminal(scene, ["big.bin", "--limit", "1MB/s"]);
    await program.shown(/ [1-9]\d% .*█/);
    await program.type("\x03");
    const { code, screen } = await program.finished();
    assert.equal(code, 130);
    const [error, hint] = screen.trimEnd().split("\r\n").slice(-2).map((line) =>
      line.replaceAll(OURS, "")
    );
    assert.match(error!, /stopped at \d+ KB of 3\.0 MB \(\d+ %\)$/);
    assert.equal(hint, "hint: run the same line again: it goes on where it stopped");
    assert.equal(screen.match(/stopped at/g)!.length, 1);
    assertRestored(screen);
  },
);

Deno.test({ name: "--no-color leaves no colour on a terminal", ignore }, async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  await using program = await sendInTerminal(scene, ["a.txt", "missing", "--no-color"]);
  const { screen } = await program.finished();
  assert.doesNotMatch(screen, new RegExp("\x1b\\[[0-9;]*m"));
});

for (const [how, escape] of [[[], /\\u\{1b\}\[2J/], [["--json"], /\\u001b\[2J/]] as const) {
  const name = ["no name from a peer does anything to the hub's terminal", ...how].join(" with ");
  Deno.test({ name, ignore }, async () => {
    await using scene = await Scene.open();
    const options = { home: await scene.home("shown"), cwd: scene.dir };
    await using hub = new TerminalProgram(
      ["serve", "--port", "0", "--dir", "shown", ...how],
      options,
    );
    const port = Number(
      /127\.0\.0\.1(?::|","port":)(\d+)/.exec(await hub.shown(/to send|listening/))![1],
    );
    for (const text of HOSTILE) {
      using stranger = await RawPeer.connect(port, { name: text });
      assert.equal((await stranger.answer())?.type, "goodbye");
      using peer = await RawPeer.connect(port);
      assert.equal(
        (await peer.deliver(new Uint8Array(1), { name: `name ${text}` }))?.type,
        "refuse",
      );
      const archive = new TextEncoder().encode(
        JSON.stringify({ path: [text], folder: true, modified: 0 }),
      );
      const bytes = Uint8Array.from([0, archive.length, ...archive, 0, 0]);
      await peer.deliver(bytes, { name: "folder", folder: true, size: 0, files: 0 });
      const offer = peer.offerOf(100, { name: "cancelled" });
      await peer.ask(JSON.stringify(offer));
      await peer.send({
        type: "cancel",
        exchange: offer.exchange,
        code: "interrupted",
        reason: `why ${text}`,
      });
      assert.equal((await peer.deliver(new Uint8Array(1), { name: "good" }))?.type, "receipt");
    }
    await hub.type("\x03");
    const { code, screen } = await hub.finished();
    assert.equal(code, 130);
    assert.match(screen, escape);
    assertHarmless(screen);
  });
}

const ALL_HOSTILE = HOSTILE.join(" ");

/** What a hub may answer to an offer with text of its own, and the exit code of the sender. */
const ANSWERS: [answer: Record<string, unknown>, code: number][] = [
  [{ type: "refuse", code: "declined", reason: ALL_HOSTILE }, 4],
  [{ type: "cancel", code: "disk", reason: ALL_HOSTILE }, 4],
  [{ type: "goodbye", code: "shutdown", reason: ALL_HOSTILE }, 3],
  [{ type: "receipt", savedAs: ALL_HOSTILE, sha256: "0".repeat(64), bytes: 1, resumedAt: 0 }, 0],
];

Deno.test(
  { name: "nothing that a hub says does anything to the sender's terminal", ignore },
  async () => {
    await using scene = await Scene.open();
    await scene.write("a.txt", "a");
    for (const [answer, expected] of ANSWERS) {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const hub = serveOnce(listener, answer);
      const to = ["--to", `127.0.0.1:${listener.addr.port}`];
      await using program = await sendInTerminal(scene, ["a.txt", ...to, "--give-up", "0s"]);
      const { code, screen } = await program.finished();
      assert.match(screen, /\\u\{1b\}\[2J/);
      assert.equal(code, expected, screen);
      assertHarmless(screen);
      await hub;
    }
  },
);

async function sendInTerminal(scene: Scene, args: string[]): Promise<TerminalProgram> {
  const to = args.includes("--to") ? [] : ["--to", scene.to];
  return new TerminalProgram(["send", ...args, ...to], {
    home: await scene.home("ana"),
    cwd: scene.files,
  });
}

/** A hub for one sender, which gives the first offer an answer of the test's own. */
async function serveOnce(
  listener: Deno.TcpListener,
  answer: Record<string, unknown>,
): Promise<void> {
  const conn = new TcpConnection(await listener.accept());
  const handshake = await accept(conn, { keyPair: await identityKeys() });
  using hub = new RawPeer(conn, handshake, (await handshake.end).leftover);
  await hub.send({
    ...{ type: "welcome", name: "rack", time: Date.now() } as const,
    ...{ you: null, owned: false },
  });
  let message = await hub.receive();
  while (message !== undefined && message.type !== "offer") message = await hub.receive();
  await hub.send({ exchange: message!.exchange, ...answer });
  while (await hub.receive() !== undefined);
}

/** Lines wrap again, and no part of a bar is left on the screen. */
function assertRestored(screen: string) {
  assert.equal(screen.split("\x1b[?7l").length, screen.split("\x1b[?7h").length);
  assert.ok(screen.lastIndexOf("\x1b[?7h") > screen.lastIndexOf("\x1b[?7l"));
  assert.ok(screen.lastIndexOf("\x1b[1M") > screen.lastIndexOf("█"));
}

function assertHarmless(screen: string) {
  const rest = screen.replaceAll(OURS, "").replaceAll("^C", "");
  assert.doesNotMatch(rest, CONTROLS);
  assert.doesNotMatch(rest, /[\u202a-\u202e\u2066-\u2069\u200b\u2028]/);
}
