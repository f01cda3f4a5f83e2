import { catalogue } from "../words/catalogue";

export const words = catalogue("camera", {
  camera: "Take a photo",
  finder: "What the camera sees",
  take: "Take the photo",
  turnCamera: "Use the other camera",
  close: "Close the camera",
  editor: "Edit the photo",
  picture: "The photo",
  discard: "Discard changes",
  use: "Use photo",
  tools: "Tools",
  crop: "Crop",
  blur: "Blur",
  arrow: "Arrow",
  undo: "Undo",
  unreadable: "This picture cannot be edited here.",
  help: {
    crop: "Drag across the part to keep.",
    blur: "Draw over what others do not need to see: faces, names, wristbands.",
    arrow: "Drag from where the arrow starts to what it points at.",
  },
  keys: "By keyboard: the arrow keys move, Shift moves further, Enter starts and ends.",
  turn: {
    begun: "Started",
    kept: "Done",
    "too small": "Too small, try again",
  },
  problem: {
    blocked: "Wardline may not use the camera. Allow it in your browser's settings for this site, then try again.",
    none: "No camera was found on this device.",
    busy: "The camera is in use by another app. Close that, then try again.",
    insecure: "The camera works only over a secure connection (https).",
  },
});
