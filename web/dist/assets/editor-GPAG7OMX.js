import{c as a}from"./chunk-LKQNBZGW.js";import"./chunk-RPRUY2SV.js";import"./chunk-L3FQZNNV.js";import"./chunk-UVS4ODWI.js";export{a as PictureEditor};
