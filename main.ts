import { type CommandTable, runCommand } from "./src/cli/run_command.ts";

/**
 * The subcommands: what each is for, and where it is; only the one that is asked for is loaded. The
 * runtime reads all that it can follow from here before it starts: `as string` keeps it from reading
 * the whole program each time. `deno task compile` includes them.
 */
const commands: CommandTable = {
  serve: {
    summary: "be a hub: receive files, relay between those who joined",
    load: async () => (await import("./src/cli/commands/serve.ts" as string)).serveCommand(),
  },
  send: {
    summary: "send files to a hub, or through it to the people who joined",
    load: async () => (await import("./src/cli/commands/send.ts" as string)).sendCommand(),
  },
  join: {
    summary: "join a hub by name and receive what is sent to it, until Ctrl-C",
    load: async () => (await import("./src/cli/commands/join.ts" as string)).joinCommand(),
  },
  receive: {
    summary: "fetch what somebody sends with a one-time code",
    load: async () => (await import("./src/cli/commands/receive.ts" as string)).receiveCommand(),
  },
  peers: {
    summary: "list who is online and who is away",
    load: async () => (await import("./src/cli/commands/peers.ts" as string)).peersCommand(),
  },
  status: {
    summary: "what you sent to whom through a hub, and where it stands",
    load: async () => (await import("./src/cli/commands/status.ts" as string)).statusCommand(),
  },
  hub: {
    summary: "the hubs this machine knows, and the one in use",
    load: async () => (await import("./src/cli/commands/hub.ts" as string)).hubCommand(),
  },
  explain: {
    summary: "test a policy file: which rule decides",
    load: async () => (await import("./src/cli/commands/explain.ts" as string)).explainCommand(),
  },
  show: {
    summary: "preview local files: pictures, tables, JSON or text",
    load: async () => (await import("./src/cli/commands/show.ts" as string)).showCommand(),
  },
  id: {
    summary: "this machine's name, fingerprint and key",
    load: async () => (await import("./src/cli/commands/id.ts" as string)).idCommand(),
  },
  trust: {
    summary: "the people and hubs whose keys this machine knows",
    load: async () => (await import("./src/cli/commands/trust.ts" as string)).trustCommand(),
  },
  menu: {
    summary: "do everything from a menu; what a bare `p2p` opens on a terminal",
    load: async () => (await import("./src/cli/commands/menu.ts" as string)).menuCommand(),
  },
  "__decode-image": {
    hidden: true,
    summary: "the process that decodes a picture",
    load: async () =>
      (await import("./src/cli/commands/decode_image.ts" as string)).decodeImageCommand(),
  },
};

Deno.exit(await runCommand(commands, Deno.args));
