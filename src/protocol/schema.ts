import { P2pError } from "../errors.ts";
import type { KeyText } from "../secure/static_key.ts";

/** Checks one value from the wire and gives it its type, or throws with `path` in the message. */
export type Check<T> = (value: unknown, path: string) => T;

/** The value that a {@link Check} gives. */
export type Checked<C> = C extends Check<infer T> ? T : never;

/**
 * An integer from `min` to `max`, both included; by default every size that JSON can carry exactly.
 */
export function int(min = 0, max = Number.MAX_SAFE_INTEGER): Check<number> {
  return (value, path) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? value as number
      : fail(path, `an integer from ${min} to ${max}`);
}

/** A string of `min` to `max` UTF-16 code units. */
export function text(max: number, min = 0): Check<string> {
  return (value, path) =>
    typeof value === "string" && value.length >= min && value.length <= max
      ? value
      : fail(path, `text of ${min} to ${max} characters`);
}

/** Exactly `length` lower-case hexadecimal digits. */
export function hex(length: number): Check<string> {
  return (value, path) =>
    typeof value === "string" && value.length === length && /^[0-9a-f]*$/.test(value)
      ? value
      : fail(path, `${length} hexadecimal digits`);
}

/** Exactly `length` characters of base64url without padding. */
export function base64url(length: number): Check<string> {
  return (value, path) =>
    typeof value === "string" && value.length === length && /^[\w-]*$/.test(value)
      ? value
      : fail(path, `${length} characters of base64url`);
}

/** A static key (SPEC.md §1). */
export const keyText = base64url(43) as Check<KeyText>;

/** The public keys of an identity in base64url (SPEC.md §1). */
export const publicKeysText = base64url(1622);

/** `true` or `false`. */
export const boolean: Check<boolean> = (value, path) =>
  typeof value === "boolean" ? value : fail(path, "true or false");

/** One of a list of words. */
export function oneOf<const T extends string>(words: readonly T[]): Check<T> {
  return (value, path) =>
    words.includes(value as T) ? value as T : fail(path, `one of ${words.join(", ")}`);
}

/**
 * A word of a list that may grow: another one counts as `otherwise`, so that a newer side may say
 * more than this one knows (SPEC.md §21).
 */
export function wordOr<const T extends string>(words: readonly T[], otherwise: T): Check<T> {
  return (value, path) => {
    if (typeof value !== "string") return fail(path, `one of ${words.join(", ")}`);
    return words.includes(value as T) ? value as T : otherwise;
  };
}

/** A value that `check` takes, or `otherwise` where the field is missing (SPEC.md §7, `?`). */
export function optional<T>(check: Check<T>, otherwise: T): Check<T> {
  return (value, path) => value === undefined ? otherwise : check(value, path);
}

/** A value that `check` takes, or null. */
export function nullable<T>(check: Check<T>): Check<T | null> {
  return (value, path) => value === null ? null : check(value, path);
}

/** A list of at most `max` values that `check` takes. */
export function list<T>(check: Check<T>, max: number): Check<T[]> {
  return (value, path) =>
    Array.isArray(value) && value.length <= max
      ? value.map((item, i) => check(item, `${path}[${i}]`))
      : fail(path, `a list of at most ${max}`);
}

/** The fields of an object, each with its check. */
export type Shape = Record<string, Check<unknown>>;

/** An object with the fields of a {@link Shape}; those that may be undefined may be missing. */
export type Fields<S extends Shape> =
  & { [K in keyof S as undefined extends Checked<S[K]> ? never : K]: Checked<S[K]> }
  & { [K in keyof S as undefined extends Checked<S[K]> ? K : never]?: Checked<S[K]> };

/** An object with the fields of `shape`; others are left out of the result (SPEC.md §7). */
export function object<S extends Shape>(shape: S): Check<Fields<S>> {
  const fields = Object.entries(shape);
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return fail(path, "an object");
    }
    const known = fields.map(([key, check]): [string, unknown] => {
      const field = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
      return [key, check(field, path === "" ? key : `${path}.${key}`)];
    });
    return present(known) as Fields<S>;
  };
}

/** The fields of `shape` alone, in its order, from a value of our own that may have more. */
export function fieldsOf<S extends Shape>(shape: S, value: Readonly<Fields<S>>): Fields<S> {
  const fields = value as Readonly<Record<string, unknown>>;
  return present(Object.keys(shape).map((key) => [key, fields[key]])) as Fields<S>;
}

function present(fields: [string, unknown][]): object {
  return Object.fromEntries(fields.filter(([, field]) => field !== undefined));
}

function fail(path: string, expected: string): never {
  throw new P2pError("protocol", `"${path}" is not ${expected}`);
}
