import assert from "node:assert/strict";
import { join } from "node:path";
import { Program, programCommand } from "../e2e/program.ts";
import { eventually } from "../helpers/eventually.ts";
import { TCP_STATE, tcpSockets } from "../helpers/tcp_sockets.ts";
import { AT_MOST_MS } from "./hub_scene.ts";
import { measure, type Sample } from "./measure.ts";

/** One way to move a file or folder to a target folder. */
export interface Contender extends AsyncDisposable {
  readonly name: string;
  /** Moves what lies at each path, side by side, so that copies lie in the target folder; the caller removes them. */
  send(sources: string[]): Promise<Sample>;
  /** Where copies land. */
  readonly target: string;
}

/** p2p as people run it: a hub that is up, and for each source a cold `p2p send` of somebody of their own. */
export async function p2p(dir: string): Promise<Contender> {
  const folder = (name: string) => join(dir, name);
  const [target, hubHome] = [folder("p2p"), folder("hub-home")];
  await Deno.mkdir(hubHome, { recursive: true });
  const hub = new Program(["serve", "--port", "0", "--dir", target, "--json"], {
    home: hubHome,
    atMostMs: AT_MOST_MS,
  });
  const { port } = await hub.event("listening");
  const commandOf = (source: string, i: number) => ({
    line: [...programCommand(), "send", source, "--to", `127.0.0.1:${port}`, "--quiet"],
    env: { P2P_HOME: folder(`home-${i}`) },
  });
  return {
    name: "p2p",
    target,
    send: (sources) => measure(sources.map(commandOf), { hub: [hub.pid] }),
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  };
}

/** `scp` and `rsync` over an `sshd` of their own, with aes256-gcm and keys made for the run; undefined where not installed. */
export async function overSsh(dir: string, tool: "scp" | "rsync"): Promise<Contender | undefined> {
  if (!await installed("/usr/sbin/sshd") || !await installed(`/usr/bin/${tool}`)) return undefined;
  const target = join(dir, tool);
  const sshd = await startSshd(join(dir, `${tool}-ssh`));
  await Deno.mkdir(target, { recursive: true });
  const commandOf = (source: string) =>
    tool === "scp"
      ? [
        "scp",
        "-q",
        "-r",
        ...sshd.options,
        "-P",
        String(sshd.port),
        source,
        `127.0.0.1:${target}/`,
      ]
      : [
        "rsync",
        "-a",
        "-e",
        ["ssh", ...sshd.options, "-p", String(sshd.port)].join(" "),
        source,
        `127.0.0.1:${target}/`,
      ];
  return {
    name: tool === "scp" ? "scp -c aes256-gcm" : "rsync -a over ssh",
    target,
    send: (sources) => measure(sources.map((source) => ({ line: commandOf(source) }))),
    [Symbol.asyncDispose]: () => sshd.stop(),
  };
}

/** rsync's daemon: plaintext, unchecked by any key. */
export async function rsyncDaemon(dir: string): Promise<Contender | undefined> {
  if (!await installed("/usr/bin/rsync")) return undefined;
  const target = join(dir, "rsyncd");
  await Deno.mkdir(target, { recursive: true });
  const port = freePort();
  const config = join(dir, "rsyncd.conf");
  const owner = Deno.uid() === 0 ? "uid = root\ngid = root\n" : "";
  await Deno.writeTextFile(
    config,
    `${owner}use chroot = no\n[target]\npath = ${target}\nread only = no\n`,
  );
  const daemon = spawn([
    "rsync",
    "--daemon",
    "--no-detach",
    "--address=127.0.0.1",
    `--port=${port}`,
    `--config=${config}`,
  ]);
  await listening(port);
  const module = `rsync://127.0.0.1:${port}/target/`;
  return {
    name: "rsync daemon (plaintext)",
    target,
    send: (sources) => measure([{ line: ["rsync", "-a", ...sources, module] }]),
    [Symbol.asyncDispose]: () => stop(daemon),
  };
}

/** The plain socket baseline that lies beside the checkout: a thread that reads 1,024 bytes at a time. */
export async function plainSocket(dir: string): Promise<Contender | undefined> {
  const script =
    new URL("../../../shared/bench/plain_socket_baseline.py", import.meta.url).pathname;
  if (!await installed(script)) return undefined;
  return await oneByOne(join(dir, "plain"), "plain socket baseline", (port, target) => ({
    receive: ["python3", script, "serve", String(port), join(target, "copy")],
    send: (source) => ["python3", script, "send", String(port), source],
  }));
}

/** netcat: bytes from one socket to another, and nothing else. */
export async function netcat(dir: string): Promise<Contender | undefined> {
  if (!await installed("/usr/bin/nc")) return undefined;
  return await oneByOne(join(dir, "nc"), "nc (plaintext)", (port, target) => ({
    receive: ["sh", "-c", `exec nc -l 127.0.0.1 ${port} > "$0"`, join(target, "copy")],
    send: (source) => ["sh", "-c", `exec nc -N 127.0.0.1 ${port} < "$0"`, source],
  }));
}

/** magic-wormhole with a mailbox of its own; both ends connect to each other. */
export async function wormhole(dir: string): Promise<Contender | undefined> {
  if (!await installed("/usr/bin/wormhole") || !await installed("/usr/bin/twist3")) {
    return undefined;
  }
  const target = join(dir, "wormhole");
  await Deno.mkdir(target, { recursive: true });
  const port = freePort();
  const place = [
    `--port=tcp:${port}:interface=127.0.0.1`,
    `--channel-db=${join(dir, "mailbox.db")}`,
  ];
  const mailbox = spawn(["twist3", "wormhole-mailbox", ...place]);
  await listening(port);
  const command = ["wormhole", "--relay-url", `ws://127.0.0.1:${port}/v1`, "--transit-helper", ""];
  return {
    name: "wormhole",
    target,
    async send([source]) {
      const code = "7-bench-code";
      const accept = [
        "receive",
        "--accept-file",
        "--hide-progress",
        "-o",
        join(target, "copy"),
        code,
      ];
      const receiver = spawn([...command, ...accept]);
      const send = ["send", "--hide-progress", "--code", code, source!];
      const sample = await measure([{ line: [...command, ...send] }]);
      await receiver.status;
      return sample;
    },
    [Symbol.asyncDispose]: () => stop(mailbox),
  };
}

/** A peer whose receiver takes one file on a port, and ends: one is started for each file. */
async function oneByOne(
  target: string,
  name: string,
  commands: (port: number, target: string) => {
    receive: string[];
    send: (source: string) => string[];
  },
): Promise<Contender> {
  await Deno.mkdir(target, { recursive: true });
  return {
    name,
    target,
    async send([source]) {
      const port = freePort();
      const { receive, send } = commands(port, target);
      const receiver = spawn(receive);
      await listening(port);
      const started = performance.now();
      const { peak } = await measure([{ line: send(source!) }]);
      await receiver.status;
      return { peak, cpu: {}, seconds: (performance.now() - started) / 1000 };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function startSshd(dir: string) {
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
  await Deno.mkdir("/run/sshd", { recursive: true }).catch(() => {});
  for (const key of ["host", "user"]) {
    await new Deno.Command("ssh-keygen", {
      args: ["-q", "-t", "ed25519", "-N", "", "-f", join(dir, key)],
    }).output();
  }
  const port = freePort();
  const config = join(dir, "sshd_config");
  const lines = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${join(dir, "host")}`,
    `AuthorizedKeysFile ${join(dir, "user.pub")}`,
    "StrictModes no",
    "UsePAM no",
    "PidFile none",
    "MaxStartups 100",
    "Subsystem sftp internal-sftp",
  ];
  await Deno.writeTextFile(config, lines.join("\n") + "\n");
  const daemon = spawn(["/usr/sbin/sshd", "-D", "-f", config]);
  await listening(port);
  const settings = [
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "LogLevel=ERROR",
    "Ciphers=aes256-gcm@openssh.com",
    "Compression=no",
  ];
  const options = [
    "-F",
    "none",
    "-i",
    join(dir, "user"),
    ...settings.flatMap((setting) => ["-o", setting]),
  ];
  return { port, options, stop: () => stop(daemon) };
}

function spawn([command, ...args]: string[]): Deno.ChildProcess {
  return new Deno.Command(command!, { args, stdin: "null", stdout: "null", stderr: "null" })
    .spawn();
}

async function stop(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill();
  } catch {
    // It has ended.
  }
  await child.status;
}

async function installed(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Resolves when something listens on `port`; that is looked up, for some peers take one connection and no other. */
async function listening(port: number): Promise<void> {
  await eventually(() => {
    const isThere = tcpSockets().some(({ local, state }) =>
      local === port && state === TCP_STATE.listen
    );
    assert.ok(isThere, `nothing listens on ${port}`);
  });
}
