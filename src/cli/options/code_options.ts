import { Option } from "@commander-js/extra-typings";

/** `--remember`: what a code has shown is kept. */
export function rememberOption() {
  return new Option("--remember", "after a code: keep the other's key under its name").default(
    false,
  );
}

/** `--qr`: a code for a camera. */
export function qrOption() {
  return new Option("--qr", "show the line for the other side as a QR code too").default(false);
}
