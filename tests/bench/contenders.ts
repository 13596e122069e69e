import { join } from "node:path";
import { Program, programCommand } from "../e2e/program.ts";
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
  const target = join(dir, "plain");
  await Deno.mkdir(target, { recursive: true });
  return {
    name: "plain socket baseline",
    target,
    async send([source]) {
      const port = freePort();
      const server = spawn(["python3", script, "serve", String(port), join(target, "copy")]);
      await new Promise((resolve) => setTimeout(resolve, 300)); // It serves one connection: it cannot be tried out.
      const started = performance.now();
      const { peak } = await measure([{
        line: ["python3", script, "send", String(port), source!],
      }]);
      await server.status;
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

/** Resolves when something accepts connections on `port`. */
async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  throw new Error(`nothing listens on ${port}`);
}
