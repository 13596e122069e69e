import type { Color, Graphics } from "./options.ts";

/** The colours and graphics that a terminal can show. */
export interface Capabilities {
  color: Color;
  graphics: Graphics;
}

/**
 * Tells what the terminal behind `env` can show, by its name alone: the terminal is not queried,
 * and what is not known to work is not used. `NO_COLOR`, a dumb terminal and no terminal get plain
 * characters without one escape.
 */
export function capabilitiesOf(
  env: Record<string, string | undefined>,
  isTerminal: boolean,
): Capabilities {
  const plain = !isTerminal || env.TERM === "dumb" || Boolean(env.NO_COLOR) ||
    (!env.TERM && env.OS !== "Windows_NT");
  if (plain) return { color: "none", graphics: "characters" };
  const graphics = graphicsOf(env);
  return { color: graphics === "blocks" ? colorOf(env) : "truecolor", graphics };
}

function graphicsOf(env: Record<string, string | undefined>): Graphics {
  const term = env.TERM ?? "";
  // A multiplexer passes the variables of the terminal around it on, but not its graphics.
  if (env.TMUX || env.STY || env.ZELLIJ || /^(tmux|screen)/.test(term)) return "blocks";
  const program = env.TERM_PROGRAM ?? env.LC_TERMINAL ?? "";
  if (/^xterm-(kitty|ghostty)$/.test(term) || env.KITTY_WINDOW_ID || program === "ghostty") {
    return "kitty";
  }
  if (["iTerm.app", "iTerm2", "WezTerm"].includes(program)) return "iterm2";
  if (/^(foot|mlterm|contour)(-|$)/.test(term) || program === "mintty") return "sixel";
  return "blocks";
}

function colorOf(env: Record<string, string | undefined>): Color {
  const truecolor = /^(truecolor|24bit)$/.test(env.COLORTERM ?? "") ||
    /-direct$/.test(env.TERM ?? "") || env.OS === "Windows_NT";
  return truecolor ? "truecolor" : "256";
}
