/** `make_picture.ts WIDTH HEIGHT PATH`: a JPEG with detail everywhere. */
import { Image } from "imagescript";
import { sampleBytes } from "../helpers/sample_files.ts";

const [width, height, path] = Deno.args as [string, string, string];
const image = new Image(Number(width), Number(height));
const noise = sampleBytes(image.bitmap.length / 4, image.width);
for (let at = 0; at < image.bitmap.length; at++) {
  image.bitmap[at] = at % 4 === 3 ? 255 : (at / 24_000 + noise[at >> 2]! / 8) % 256;
}
await Deno.writeFile(path, await image.encodeJPEG(90));
