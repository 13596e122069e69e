import assert from "node:assert/strict";
import { join } from "node:path";
import { BEYOND } from "../helpers/connect_to_hub.ts";
import { hasTmux, TmuxTerminal } from "../helpers/tmux.ts";
import { eventsOf, type Finished, programCommand, run } from "./program.ts";
import { Scene, type SceneOptions } from "./scene.ts";

const SECRET = "walrus-parade-7";
const NEW_SECRET = "penguin-parade-8";

/** A third way to write 127.0.0.1: the address that the hub has moved to. */
const MOVED = "127.0.1";

Deno.test("a secret that has proved right is asked for no more; --no-remember keeps nothing", async () => {
  await using scene = await sceneWithSecret();
  const once = await p2p(scene, `send a.txt --to ${scene.to} --no-remember`, {
    P2P_SECRET: SECRET,
  });
  assert.equal(once.code, 0);
  assert.deepEqual(await hubs(scene), []);
  assert.equal((await p2p(scene, `peers ${scene.to}`, { P2P_SECRET: "wrong-wrong" })).code, 4);
  assert.deepEqual(await hubs(scene), []);
  assert.equal((await p2p(scene, `peers ${scene.to}`, { P2P_SECRET: SECRET })).code, 0);
  for (const line of [`send a.txt --to ${scene.to}`, `peers ${scene.to}`, `status ${scene.to}`]) {
    assert.equal((await p2p(scene, line)).code, 0, line);
  }
  const { hub, secret, inUse } = (await hubs(scene))[0]!;
  assert.deepEqual([hub, secret, inUse], [scene.to, true, false]);
  const file = join(await scene.home("ana"), "known_hubs.jsonl");
  assert.equal((await Deno.stat(file)).mode! & 0o777, 0o600);
  assert.ok(!(await p2p(scene, "hub")).stdout.includes(SECRET));
});

Deno.test("a remembered secret that is wrong now stays until another has proved right", async () => {
  await using scene = await sceneWithSecret();
  const peers = (env = {}) => p2p(scene, `peers ${scene.to}`, env);
  assert.equal((await peers({ P2P_SECRET: SECRET })).code, 0);
  await change(scene, NEW_SECRET);
  assert.match((await peers()).stderr, /the secret is wrong/);
  await change(scene, SECRET);
  assert.equal((await peers()).code, 0);
  await change(scene, NEW_SECRET);
  assert.equal((await peers({ P2P_SECRET: NEW_SECRET })).code, 0);
  assert.equal((await peers()).code, 0);
});

Deno.test("the hub is the one that is named, else that of P2P_TO, else the one in use", async () => {
  await using scene = await Scene.open();
  await scene.write("a.txt", "a");
  const nobody = { P2P_TO: "127.0.0.1:1" };
  assert.match((await p2p(scene, "hub")).stderr, /^no hub is known here yet/);
  const added = await p2p(scene, `hub add rack ${scene.to}`);
  assert.deepEqual([added.code, added.stdout], [0, `rack is ${scene.to}, and in use\n`]);
  for (const line of ["send a.txt", "peers", "status"]) {
    assert.equal((await p2p(scene, line)).code, 0, line);
    assert.match((await p2p(scene, line, nobody)).stderr, /cannot connect to 127\.0\.0\.1:1:/);
  }
  assert.equal((await p2p(scene, "send a.txt --to RACK", nobody)).code, 0);
  assert.equal((await p2p(scene, "peers rack", nobody)).code, 0);
  assert.equal((await p2p(scene, "peers", { P2P_TO: "rack" })).code, 0);
  assert.equal((await p2p(scene, "hub add other 127.0.0.1:1")).code, 0);
  assert.equal((await p2p(scene, "peers")).code, 3);
  assert.equal((await p2p(scene, "hub use rack")).stdout, "rack is in use\n");
  assert.equal((await p2p(scene, "peers")).code, 0);
  const [rack, other] = await hubs(scene);
  assert.deepEqual([rack!.name, rack!.inUse, other!.name, other!.inUse], [
    ...["rack", true],
    ...["other", false],
  ]);
  assert.match(
    (await p2p(scene, "hub")).stdout,
    /^\* rack {3}127.* met .*\n {2}other {2}127.*not reached yet\n$/,
  );
  assert.match((await p2p(scene, "hub forget rack")).stdout, /^forgot rack, .{23}\n$/);
  assert.match((await p2p(scene, "hub use rack")).stderr, /no hub "rack" is known here/);
});

Deno.test("a hub has no name that is an address, a host or another hub's", async () => {
  await using scene = await Scene.open();
  assert.equal((await p2p(scene, "hub add rack 127.0.0.1:1")).code, 0);
  for (const name of ["localhost", "10.0.0.1", "7-cross-clock-zebra", "rack:1"]) {
    assert.equal((await p2p(scene, `hub add ${name} ${scene.to}`)).code, 2, name);
  }
  const taken = await p2p(scene, `hub add Rack ${scene.to}`);
  assert.equal(taken.code, 4);
  assert.match(taken.stderr, /^error: "rack" is the hub at 127\.0\.0\.1:1 already$/m);
  assert.deepEqual((await hubs(scene)).map(({ hub }) => hub), ["127.0.0.1:1"]);
});

Deno.test("a hub that has moved is known by its key, and found by its name", async () => {
  await using scene = await sceneWithSecret();
  const [here, there] = [BEYOND, MOVED].map((host) => `${host}:${scene.port}`);
  assert.equal((await p2p(scene, `peers ${here}`, { P2P_SECRET: SECRET })).code, 0);
  assert.equal((await p2p(scene, `hub add rack ${here}`)).code, 0);
  const moved = await p2p(scene, `peers ${there}`);
  assert.equal(moved.code, 0);
  assert.match(moved.stderr, new RegExp(`is the hub that was at ${here} before`));
  const named = (await hubs(scene)).filter(({ name }) => name === "rack");
  assert.deepEqual(named.map(({ hub, inUse }) => [hub, inUse]), [[there, true]]);
  assert.equal((await p2p(scene, "peers rack")).code, 0);
});

Deno.test("a hub without a secret that has moved needs no --trust-new", async () => {
  await using scene = await Scene.open();
  assert.equal((await p2p(scene, `peers ${BEYOND}:${scene.port}`)).code, 4);
  assert.equal(
    (await p2p(scene, `peers ${BEYOND}:${scene.port} --trust-new --no-remember`)).code,
    0,
  );
  assert.equal((await p2p(scene, `peers ${BEYOND}:${scene.port}`)).code, 4);
  assert.equal((await p2p(scene, `peers ${BEYOND}:${scene.port} --trust-new`)).code, 0);
  assert.equal((await p2p(scene, `peers ${MOVED}:${scene.port}`)).code, 0);
});

Deno.test({
  name: "on a terminal a wrong secret is asked for again, and a new hub may become the one in use",
  ignore: !hasTmux,
}, async () => {
  await using scene = await sceneWithSecret();
  const env = { P2P_HOME: await scene.home("ana"), P2P_TO: "" };
  const address = `${BEYOND}:${scene.port}`;
  const open = (...args: string[]) =>
    TmuxTerminal.open([...programCommand(), ...args], { cwd: scene.files, env });
  await using first = await open("send", "a.txt", "--to", address);
  await first.shows(`The secret of ${address}`);
  await first.type("walrus-parade-8");
  await first.press("Enter");
  await first.shows(`That is not it. The secret of ${address}`);
  await first.type(SECRET);
  await first.press("Enter");
  await first.shows(`Use ${address}, as "rack", from now on where no hub is named?`);
  await first.press("Enter");
  assert.equal((await first.ended()).code, 0);
  await using second = await open("send", "a.txt");
  await second.shows("delivered a.txt to rack");
  assert.equal((await second.ended()).code, 0);
});

Deno.test("serve says that it is reached from its own machine alone, and the other end hears of it", async () => {
  await using scene = await Scene.open({ plain: true, serve: ["--qr"] });
  assert.match(await scene.hub.line("reached by"), /this machine alone .*p2p serve --lan/);
  await scene.hub.line("▄▄▄▄▄");
  await scene.stopHub("SIGINT");
  const { code, stderr } = await p2p(scene, `peers ${BEYOND}:${scene.port}`);
  assert.equal(code, 3);
  assert.match(stderr, /`p2p serve --lan`; a plain `p2p serve` listens to its own machine alone/);
  const both = await p2p(scene, "serve --lan --host 127.0.0.1");
  assert.deepEqual([both.code, both.stdout], [2, ""]);
});

async function sceneWithSecret(options: SceneOptions = {}): Promise<Scene> {
  const scene = await Scene.open({ ...options, hub: { env: { P2P_SECRET: SECRET } } });
  await scene.write("a.txt", "a");
  return scene;
}

/** Starts the hub again with another secret. */
async function change(scene: Scene, secret: string) {
  await scene.stopHub("SIGINT");
  await scene.startHub("hub", { P2P_SECRET: secret });
}

async function p2p(
  scene: Scene,
  line: string,
  env: Record<string, string> = {},
): Promise<Finished> {
  return await run(line.split(" "), { home: await scene.home("ana"), cwd: scene.files, env });
}

async function hubs(scene: Scene) {
  return eventsOf(await p2p(scene, "hub --json"), "known");
}
