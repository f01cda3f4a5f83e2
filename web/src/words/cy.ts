// Every feature's Welsh, loaded as one when it is chosen. A feature that is missing here speaks English; the test says so.

import account from "../account/words.cy";
import app from "../app/words.cy";
import attach from "../attach/words.cy";
import camera from "../camera/words.cy";
import composer from "../composer/words.cy";
import conversations from "../conversations/words.cy";
import group from "../group/words.cy";
import look from "../look/words.cy";
import media from "../media/words.cy";
import notify from "../notify/words.cy";
import people from "../people/words.cy";
import room from "../room/words.cy";
import search from "../search/words.cy";
import settings from "../settings/words.cy";
import styleguide from "../styleguide/words.cy";
import sync from "../sync/words.cy";
import voice from "../voice/words.cy";
import worker from "../worker/words.cy";
import words from "./words.cy";

export default { account, app, attach, camera, composer, conversations, group, look, media, notify, people, room, search, settings, styleguide, sync, voice, worker, words };
