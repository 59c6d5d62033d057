-- The words of a text, as they are searched for: small letters without accents, in the order of the text.
CREATE MACRO words_of(said) AS regexp_extract_all(lower(strip_accents(said)), '[\p{L}\p{N}]+');
