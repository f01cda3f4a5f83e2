// Looking at a picture without a page: its size, and a smaller copy of it.

/** The longer side of a smaller copy, in pixels: fills a tall phone, and a wound can still be judged. */
const smallSide = 1_600;
const quality = 0.82;

/** Width and height as the picture is shown, or undefined for what is no picture to this browser. */
export async function sizeOfPicture(file: Blob): Promise<{ width: number; height: number } | undefined> {
  const picture = await decoded(file);
  if (!picture) return undefined;
  const { width, height } = picture;
  picture.close();
  return { width, height };
}

/** A smaller JPEG of a picture, without what the camera noted in it; undefined when that would gain nothing. */
export async function smaller(file: Blob): Promise<Blob | undefined> {
  const picture = await decoded(file);
  if (!picture) return undefined;
  const scale = Math.min(1, smallSide / Math.max(picture.width, picture.height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale)));
  const context = canvas.getContext("2d");
  if (!context) return undefined;
  // A transparent picture gets the white it was seen on.
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const small = await canvas.convertToBlob({ type: "image/jpeg", quality });
  return small.size < file.size * 0.8 ? small : undefined;
}

async function decoded(file: Blob): Promise<ImageBitmap | undefined> {
  if (typeof createImageBitmap === "undefined") return undefined;
  return await createImageBitmap(file).catch(() => undefined);
}
