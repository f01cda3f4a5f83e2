// Pictures to send, made here so that no file has to be kept.

import { crc32, deflateSync } from "node:zlib";

/** The bytes of a PNG of stripes in a colour. */
export function png(width = 320, height = 240, [red, green, blue] = [0, 94, 184]) {
  const row = Buffer.alloc(1 + width * 3);
  for (let x = 0; x < width; x++) row.set(x % 40 < 20 ? [red, green, blue] : [255, 255, 255], 1 + x * 3);
  return encoded(width, height, Buffer.concat(Array(height).fill(row)));
}

/** The bytes of a PNG that looks like a bad scan, and is as large as one; the same each time. */
export function noise(width, height) {
  const rows = Buffer.alloc(height * (1 + width * 3));
  let seed = 1;
  for (let at = 0; at < rows.length; at++) {
    seed = (seed * 48_271) % 2_147_483_647;
    rows[at] = at % (1 + width * 3) === 0 ? 0 : 96 + (seed % 64);
  }
  return encoded(width, height, rows);
}

function encoded(width, height, rows) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body) >>> 0, body.length + 4);
  return out;
}
