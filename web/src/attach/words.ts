import { catalogue } from "../words/catalogue";

export const words = catalogue("attach", {
  title: "Files to send",
  remove: (name: string) => `Remove ${name}`,
  edit: (name: string) => `Crop, blur or mark ${name}`,
  caption: "Caption",
  captionOf: (name: string) => `Caption for ${name}`,
  smaller: (size: string) => `Send smaller (${size})`,
  refused: (count: number, most: string) => (count === 1 ? `1 file was not added: at most ${most} can be sent at once.` : `${count} files were not added: at most ${most} can be sent at once.`),
  added: (count: number) => (count === 1 ? "1 file added" : `${count} files added`),
  problem: {
    large: (limit: string) => `Too large: the most is ${limit}`,
    largeShrink: (limit: string) => `Too large: the most is ${limit}. Try sending it smaller.`,
    empty: "This file is empty",
    unreadable: "This file cannot be read",
  },
});
