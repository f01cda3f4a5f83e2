// Who somebody is, as far as the trust says: name, job and ward.

import { isObject, text, type Content } from "../matrix/event";
import { localpart } from "../matrix/record";

export interface Person {
  user_id: string;
  name: string;
  job?: string;
  ward?: string;
}

export const jobField = "org.wardline.job";
export const wardField = "org.wardline.ward";

/** A result of the directory, or a whole profile, as a person. */
export function readPerson(userId: string, fields: Content, name: unknown = fields.displayname): Person {
  return { user_id: userId, name: text(name) || localpart(userId), job: text(fields[jobField]) || undefined, ward: text(fields[wardField]) || undefined };
}

/** The results of POST /user_directory/search. */
export function readPeople(results: unknown): Person[] {
  if (!Array.isArray(results)) return [];
  return results.flatMap((one) => {
    const id = isObject(one) ? text(one.user_id) : undefined;
    return id === undefined || !isObject(one) ? [] : [readPerson(id, one, one.display_name)];
  });
}

/** Job and ward in one line; empty when neither is known. */
export function post(person: Pick<Person, "job" | "ward">): string {
  return [person.job, person.ward].filter(Boolean).join(" · ");
}
