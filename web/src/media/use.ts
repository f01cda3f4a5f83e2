// A file's blob: address for as long as a part of the page shows it.

import { useEffect, useState } from "preact/hooks";
import type { File } from "../matrix/body";
import { filesOf } from "../matrix/files";
import type { Account } from "../matrix/account";
import type { Size } from "./size";

export type Loaded = { url?: undefined; failed: boolean; again: () => void } | { url: string };

/** Fetches while `wanted`; with a size, a picture no smaller than that. */
export function useFile(account: Account, file: File, size: Size | undefined, wanted = true): Loaded {
  const [found, setFound] = useState<{ key: string; url?: string; failed?: boolean }>({ key: "" });
  const [turn, setTurn] = useState(0);
  const key = `${file.url} ${size ? `${size.width}x${size.height}` : ""} ${turn}`;
  useEffect(() => {
    if (!wanted) return;
    let here = true;
    const files = filesOf(account);
    const taken = files.take(file, size);
    taken.then(
      (url) => here && setFound({ key, url }),
      () => here && setFound({ key, failed: true }),
    );
    return () => {
      here = false;
      taken.then(() => files.release(file, size)).catch(() => undefined);
    };
  }, [key, wanted]);
  if (found.key === key && found.url !== undefined) return { url: found.url };
  return { failed: found.key === key && found.failed === true, again: () => setTurn(turn + 1) };
}
