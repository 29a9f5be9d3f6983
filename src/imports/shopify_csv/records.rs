//! From bytes to rows: encoding, row ends, physical lines, limits.
//!
//! A spreadsheet's idea of CSV is followed where the standard is silent: a
//! quote opens a quoted cell only at the cell's start, text after a closing
//! quote belongs to the cell, and CR, LF and CRLF all end a row.

use std::collections::VecDeque;
use std::io::{BufReader, Bytes, Read};

use super::{MAX_FILE_BYTES, MAX_RECORD_BYTES, NotAnExport};

/// One row, undivided.
pub(in crate::imports) struct Record {
    /// The physical line it starts on.
    pub line: u64,
    /// Its text, without the row end.
    pub raw: String,
    /// Whether it was decoded as Windows-1252.
    pub windows_1252: bool,
    /// Whether a row end followed it.
    pub ended: bool,
    /// Whether the file ended inside quotes.
    pub unclosed: bool,
}

/// Rows of a file, one after the other.
pub(in crate::imports) struct Records<R> {
    source: Source<R>,
    delimiter: u8,
    line: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    CellStart,
    Bare,
    Quoted,
    AfterQuote,
}

impl Place {
    fn after(self, byte: u8, delimiter: u8) -> Self {
        match (self, byte) {
            (Self::Quoted, b'"') => Self::AfterQuote,
            (Self::Quoted, _) => Self::Quoted,
            (_, byte) if byte == delimiter => Self::CellStart,
            (Self::CellStart | Self::AfterQuote, b'"') => Self::Quoted,
            _ => Self::Bare,
        }
    }
}

impl<R: Read> Records<R> {
    pub fn new(input: R) -> Result<Self, NotAnExport> {
        let mut source = Source::new(input)?;
        let mut line = 1;
        let mut first = source.peek_line()?;
        // A spreadsheet's own first line naming the delimiter.
        let declared = first.strip_prefix(b"sep=").and_then(|rest| rest.first().copied());
        if declared.is_some() {
            source.pending.clear();
            if first.ends_with(b"\r") && source.peek()? == Some(b'\n') {
                source.next()?;
            }
            line = 2;
            first = source.peek_line()?;
        }
        let count = |wanted: u8| first.iter().filter(|&&byte| byte == wanted).count();
        let sniffed = [b';', b'\t'].into_iter().find(|&other| count(other) > count(b',')).unwrap_or(b',');
        let delimiter = declared.filter(|byte| b",;\t".contains(byte)).unwrap_or(sniffed);
        Ok(Self { source, delimiter, line })
    }

    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    pub fn is_utf16(&self) -> bool {
        matches!(self.source.encoding, Encoding::Utf16Little | Encoding::Utf16Big)
    }

    pub fn split(&self, raw: &str) -> Vec<String> {
        split(raw, self.delimiter)
    }

    /// The next row that has any text in it.
    pub fn next(&mut self) -> Result<Option<Record>, NotAnExport> {
        loop {
            let Some(record) = self.next_or_blank()? else {
                return Ok(None);
            };
            let delimiter = char::from(self.delimiter);
            let blank = record.raw.chars().all(|c| c == delimiter || c == '"' || c.is_whitespace());
            if !blank || record.unclosed {
                return Ok(Some(record));
            }
        }
    }

    fn next_or_blank(&mut self) -> Result<Option<Record>, NotAnExport> {
        let start = self.line;
        let mut bytes = Vec::new();
        let mut place = Place::CellStart;
        let mut ended = false;
        while let Some(byte) = self.source.next().map_err(|fault| fault.at(self.line))? {
            let bare_return =
                byte == b'\r' && self.source.peek().map_err(|fault| fault.at(self.line))? != Some(b'\n');
            if byte == b'\n' || bare_return {
                self.line += 1;
            }
            if place != Place::Quoted && (byte == b'\n' || byte == b'\r') {
                if byte == b'\r' && !bare_return {
                    self.source.next()?;
                    self.line += 1;
                }
                ended = true;
                break;
            }
            place = place.after(byte, self.delimiter);
            bytes.push(byte);
            if bytes.len() > MAX_RECORD_BYTES {
                return Err(NotAnExport::RecordTooLarge { line: start });
            }
        }
        if bytes.is_empty() && !ended {
            return Ok(None);
        }
        let claims_utf8 = self.source.encoding != Encoding::Unmarked;
        let (raw, windows_1252) =
            decode(bytes, claims_utf8).ok_or(NotAnExport::Undecodable { line: start })?;
        Ok(Some(Record { line: start, raw, windows_1252, ended, unclosed: place == Place::Quoted }))
    }
}

/// The cells of one row, quotes taken off.
pub(super) fn split(raw: &str, delimiter: u8) -> Vec<String> {
    let mut cells = Vec::new();
    let mut cell = Vec::new();
    let mut place = Place::CellStart;
    for &byte in raw.as_bytes() {
        let next = place.after(byte, delimiter);
        match (place, next) {
            (_, Place::CellStart) => cells.push(text(std::mem::take(&mut cell))),
            // An opening or a closing quote; the second of a pair is text.
            (Place::CellStart, Place::Quoted) | (Place::Quoted, Place::AfterQuote) => {}
            _ => cell.push(byte),
        }
        place = next;
    }
    cells.push(text(cell));
    cells
}

/// Cells are cut at ASCII bytes of valid text, so nothing is ever replaced.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|fault| String::from_utf8_lossy(fault.as_bytes()).into_owned())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// No mark: UTF-8, or else Windows-1252.
    Unmarked,
    Utf8,
    Utf16Little,
    Utf16Big,
}

/// Bytes of the file, UTF-16 turned into UTF-8.
struct Source<R> {
    input: Bytes<BufReader<R>>,
    taken: u64,
    start: VecDeque<u8>,
    pending: VecDeque<u8>,
    encoding: Encoding,
}

impl<R: Read> Source<R> {
    fn new(input: R) -> Result<Self, NotAnExport> {
        let mut source = Self {
            input: BufReader::new(input).bytes(),
            taken: 0,
            start: VecDeque::new(),
            pending: VecDeque::new(),
            encoding: Encoding::Unmarked,
        };
        let mut start = VecDeque::new();
        while start.len() < 4 {
            let Some(byte) = source.byte()? else { break };
            start.push_back(byte);
        }
        let (encoding, mark) = match start.make_contiguous() {
            [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
            [0xFF, 0xFE, ..] => (Encoding::Utf16Little, 2),
            [0xFE, 0xFF, ..] => (Encoding::Utf16Big, 2),
            [first, 0, ..] if *first != 0 => (Encoding::Utf16Little, 0),
            [0, second, ..] if *second != 0 => (Encoding::Utf16Big, 0),
            _ => (Encoding::Unmarked, 0),
        };
        start.drain(..mark);
        source.start = start;
        source.encoding = encoding;
        Ok(source)
    }

    fn byte(&mut self) -> Result<Option<u8>, NotAnExport> {
        if let Some(byte) = self.start.pop_front() {
            return Ok(Some(byte));
        }
        let Some(byte) = self.input.next().transpose()? else {
            return Ok(None);
        };
        self.taken += 1;
        if self.taken > MAX_FILE_BYTES {
            return Err(NotAnExport::TooLarge);
        }
        Ok(Some(byte))
    }

    fn unit(&mut self) -> Result<Option<u16>, NotAnExport> {
        let Some(first) = self.byte()? else {
            return Ok(None);
        };
        let Some(second) = self.byte()? else {
            return Err(NotAnExport::Undecodable { line: 0 });
        };
        Ok(Some(match self.encoding {
            Encoding::Utf16Big => u16::from_be_bytes([first, second]),
            _ => u16::from_le_bytes([first, second]),
        }))
    }

    fn next(&mut self) -> Result<Option<u8>, NotAnExport> {
        if let Some(byte) = self.pending.pop_front() {
            return Ok(Some(byte));
        }
        let byte = match self.encoding {
            Encoding::Unmarked | Encoding::Utf8 => self.byte()?,
            Encoding::Utf16Little | Encoding::Utf16Big => {
                let Some(unit) = self.unit()? else { return Ok(None) };
                let mut units = vec![unit];
                if (0xD800..0xDC00).contains(&unit) {
                    units.extend(self.unit()?);
                }
                for decoded in char::decode_utf16(units) {
                    let decoded = decoded.map_err(|_| NotAnExport::Undecodable { line: 0 })?;
                    self.pending.extend(decoded.encode_utf8(&mut [0; 4]).bytes());
                }
                self.pending.pop_front()
            }
        };
        if byte == Some(0) {
            return Err(NotAnExport::Undecodable { line: 0 });
        }
        Ok(byte)
    }

    fn peek(&mut self) -> Result<Option<u8>, NotAnExport> {
        if self.pending.is_empty() {
            let Some(byte) = self.next()? else { return Ok(None) };
            self.pending.push_front(byte);
        }
        Ok(self.pending.front().copied())
    }

    /// The first line, left in place to be read again.
    fn peek_line(&mut self) -> Result<Vec<u8>, NotAnExport> {
        let mut line = Vec::new();
        let mut blank = true;
        while let Some(byte) = self.next().map_err(|fault| fault.at(1))? {
            line.push(byte);
            if byte == b'\n' || byte == b'\r' {
                if !blank {
                    break;
                }
            } else {
                blank = false;
            }
            if line.len() > MAX_RECORD_BYTES {
                return Err(NotAnExport::RecordTooLarge { line: 1 });
            }
        }
        for &byte in line.iter().rev() {
            self.pending.push_front(byte);
        }
        Ok(line)
    }
}

impl NotAnExport {
    /// The same, naming the line where only the row reader knows it.
    fn at(self, line: u64) -> Self {
        match self {
            Self::Undecodable { line: 0 } => Self::Undecodable { line },
            other => other,
        }
    }
}

fn decode(bytes: Vec<u8>, claims_utf8: bool) -> Option<(String, bool)> {
    match String::from_utf8(bytes) {
        Ok(text) => Some((text, false)),
        Err(_) if claims_utf8 => None,
        Err(fault) => {
            let text: Option<String> = fault.as_bytes().iter().map(|&byte| windows_1252(byte)).collect();
            text.map(|text| (text, true))
        }
    }
}

/// The character of a Windows-1252 byte; five bytes have none.
fn windows_1252(byte: u8) -> Option<char> {
    const HIGH: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', //
        '\0', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9F => HIGH.get(usize::from(byte - 0x80)).copied().filter(|&found| found != '\0'),
        _ => Some(char::from(byte)),
    }
}
