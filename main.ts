import { type CommandTable, runCommand } from "./src/cli/run_command.ts";

/** The subcommands: what each is for, and where it is; only the one that is asked for is loaded. */
const commands: CommandTable = {
  serve: {
    summary: "be a hub: receive files, relay between those who joined",
    load: async () => (await import("./src/cli/commands/serve.ts")).serveCommand(),
  },
  send: {
    summary: "send files to a hub, or through it to the people who joined",
    load: async () => (await import("./src/cli/commands/send.ts")).sendCommand(),
  },
  join: {
    summary: "join a hub by name and receive what is sent to it, until Ctrl-C",
    load: async () => (await import("./src/cli/commands/join.ts")).joinCommand(),
  },
  receive: {
    summary: "fetch what somebody sends with a one-time code",
    load: async () => (await import("./src/cli/commands/receive.ts")).receiveCommand(),
  },
  peers: {
    summary: "who is joined, who is known and away",
    load: async () => (await import("./src/cli/commands/peers.ts")).peersCommand(),
  },
  status: {
    summary: "what you sent to whom through a hub, and where it stands",
    load: async () => (await import("./src/cli/commands/status.ts")).statusCommand(),
  },
  hub: {
    summary: "the hubs this machine knows, and the one in use",
    load: async () => (await import("./src/cli/commands/hub.ts")).hubCommand(),
  },
  explain: {
    summary: "the rule of a policy file that decides",
    load: async () => (await import("./src/cli/commands/explain.ts")).explainCommand(),
  },
  show: {
    summary: "preview local files: pictures, tables, JSON or text",
    load: async () => (await import("./src/cli/commands/show.ts")).showCommand(),
  },
  id: {
    summary: "this machine's name, fingerprint and key",
    load: async () => (await import("./src/cli/commands/id.ts")).idCommand(),
  },
  trust: {
    summary: "the people and hubs whose keys this machine knows",
    load: async () => (await import("./src/cli/commands/trust.ts")).trustCommand(),
  },
  menu: {
    summary: "all of it by menu; what a bare `p2p` opens on a terminal",
    load: async () => (await import("./src/cli/commands/menu.ts")).menuCommand(),
  },
  "__decode-image": {
    hidden: true,
    summary: "the process that decodes a picture",
    load: async () => (await import("./src/cli/commands/decode_image.ts")).decodeImageCommand(),
  },
};

Deno.exit(await runCommand(commands, Deno.args));
