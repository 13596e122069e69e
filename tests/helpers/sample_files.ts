import { Buffer } from "node:buffer";
import { crc32, deflateSync } from "node:zlib";

/** A PNG (RFC 2083) of a sunset over water, 8-bit RGB. */
export function samplePng(width: number, height: number): Uint8Array {
  const rows = Array.from({ length: height }, (_, y) => {
    const pixels = Array.from({ length: width }, (_, x) => sunset(x / width, y / height));
    return [0, ...pixels.flat()]; // Filter type 0 in front of each row.
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const data = deflateSync(Uint8Array.from(rows.flat()));
  const chunks = [
    pngChunk("IHDR", header),
    pngChunk("IDAT", data),
    pngChunk("IEND", Buffer.alloc(0)),
  ];
  return new Uint8Array(Buffer.concat([signature, ...chunks]));
}

/** A CSV table with a header and `rows` rows. */
export function sampleCsv(rows: number): Uint8Array {
  const cities = ["Lisboa", "Zürich", "東京", "Nairobi", "Montréal", "İzmir"];
  const lines = Array.from({ length: rows }, (_, i) => {
    const city = cities[i % cities.length];
    return `${i + 1},${city},${(12 + 7 * Math.sin(i)).toFixed(1)},${i % 3 === 0 ? "yes" : "no"}`;
  });
  return new TextEncoder().encode(["station,city,temperature,rain", ...lines].join("\n") + "\n");
}

/** A JSON document of some depth. */
export function sampleJson(): Uint8Array {
  const document = {
    title: "Field trip",
    days: 3,
    people: [{ name: "Ana", brings: ["camera", "tent"] }, { name: "Bo", brings: ["maps"] }],
    budget: { travel: 240.5, food: 130, spare: null },
  };
  return new TextEncoder().encode(JSON.stringify(document, null, 2) + "\n");
}

/** Bytes that look random and are the same for the same `seed`. */
export function sampleBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed;
  for (let i = 0; i < words.length; i++) {
    state = Math.imul(state, 1664525) + 1013904223;
    words[i] = state ^ state >>> 15;
  }
  return new Uint8Array(words.buffer, 0, length);
}

function sunset(x: number, y: number): number[] {
  const sun = Math.hypot(x - 0.5, (y - 0.45) * 0.7) < 0.12;
  if (y < 0.6) return sun ? [255, 236, 170] : [250 - 90 * y, 140 + 60 * y, 90 + 160 * (1 - y)];
  const glint = Math.sin(60 * y + 8 * Math.sin(12 * x)) > 0.6 && Math.abs(x - 0.5) < 0.25;
  return glint ? [255, 210, 150] : [30, 60 + 40 * x, 110 + 60 * (1 - y)];
}

function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, "ascii"), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  chunk.set(body, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}
