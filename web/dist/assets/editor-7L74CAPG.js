import{c as a}from"./chunk-U3OVOMNR.js";import"./chunk-KBEZZ2ON.js";import"./chunk-HG7CNGS4.js";import"./chunk-UVS4ODWI.js";export{a as PictureEditor};
