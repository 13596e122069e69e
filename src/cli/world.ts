import { defaultHome } from "../home/default_home.ts";
import { Output } from "./display/output.ts";

/** The folder and the output of a command that looks at what is kept here. */
export interface World {
  home: string;
  output: Output;
}

/** The folder and the output that a command's options name. */
export function worldOf(
  options: { home?: string; json?: true; quiet?: true; color: boolean },
): World {
  return { home: options.home ?? defaultHome(), output: new Output(options) };
}
