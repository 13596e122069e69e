import type { BatchResult } from "../../client/send_batch.ts";
import { exitCode } from "../exit_code.ts";
import { withResumeHint } from "./client_events.ts";
import type { Output } from "./output.ts";

/** Shows how a batch has ended, and returns its exit code: that of the gravest error. */
export function showBatchResult(
  { delivered, stored, failed, worst, error }: BatchResult,
  { output, resumeHint }: { output: Output; resumeHint: string },
): number {
  output.close();
  if (error !== undefined && !error.silent) output.failure(withResumeHint(error, resumeHint));
  output.event({ event: "done", delivered, stored, failed });
  return exitCode(worst);
}
