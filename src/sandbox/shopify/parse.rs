//! A GraphQL reader: operations with variables, aliases, arguments and nested selections, and the
//! little schema language the type table is written in. No fragments, no directives.

use serde_json::{Value, json};

/// A place in the text, from 1.
pub(super) type Place = (usize, usize);

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Name(String),
    Number(Value),
    Text(String),
    Mark(char),
    End,
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    place: Place,
}

/// A type as it is written: `[ID!]!`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TypeRef {
    Named(String),
    List(Box<TypeRef>),
    Required(Box<TypeRef>),
}

impl TypeRef {
    /// The name inside all brackets and marks.
    pub fn name(&self) -> &str {
        match self {
            TypeRef::Named(name) => name,
            TypeRef::List(inner) | TypeRef::Required(inner) => inner.name(),
        }
    }

    pub fn required(&self) -> bool {
        matches!(self, TypeRef::Required(_))
    }
}

impl std::fmt::Display for TypeRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TypeRef::Named(name) => f.write_str(name),
            TypeRef::List(inner) => write!(f, "[{inner}]"),
            TypeRef::Required(inner) => write!(f, "{inner}!"),
        }
    }
}

/// A value in the text; variables are filled in later.
#[derive(Clone, Debug)]
pub(super) enum Literal {
    Plain(Value),
    /// An enum's value.
    Word(String),
    Variable(String),
    List(Vec<Literal>),
    Object(Vec<(String, Literal)>),
}

/// One selected field.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    pub alias: Option<String>,
    pub name: String,
    pub arguments: Vec<(String, Literal)>,
    pub selections: Vec<Selection>,
    pub place: Place,
}

impl Selection {
    /// The key under which the answer stands.
    pub fn key(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }
}

/// A declared variable.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub name: String,
    pub of: TypeRef,
    pub default: Option<Literal>,
}

/// One operation.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub mutation: bool,
    pub name: Option<String>,
    pub variables: Vec<Variable>,
    pub selections: Vec<Selection>,
}

impl Operation {
    /// How the vendor names the operation in an error's path.
    pub fn title(&self) -> String {
        let kind = if self.mutation { "mutation" } else { "query" };
        self.name.as_ref().map_or_else(|| kind.to_owned(), |name| format!("{kind} {name}"))
    }
}

/// A sentence and a place.
#[derive(Debug)]
pub(super) struct SyntaxError(pub String, pub Place);

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// How deep brackets may nest.
const DEEPEST: usize = 64;

fn cut(text: &str) -> Result<Vec<Token>, SyntaxError> {
    let chars: Vec<char> = text.chars().collect();
    let (mut at, mut line, mut start) = (0, 1, 0);
    let mut tokens = Vec::new();
    while at < chars.len() {
        let place = (line, at - start + 1);
        let here = chars[at];
        let run = |from: usize, fits: &dyn Fn(char) -> bool| {
            from + chars[from..].iter().take_while(|one| fits(**one)).count()
        };
        let kind = match here {
            '\n' => {
                at += 1;
                line += 1;
                start = at;
                continue;
            }
            ' ' | '\t' | '\r' | ',' | '\u{feff}' => {
                at += 1;
                continue;
            }
            '#' => {
                at = run(at, &|one| one != '\n');
                continue;
            }
            '_' | 'a'..='z' | 'A'..='Z' => {
                let end = run(at, &|one| one == '_' || one.is_ascii_alphanumeric());
                let name = chars[at..end].iter().collect();
                at = end;
                Kind::Name(name)
            }
            '-' | '0'..='9' => {
                let end =
                    run(at + 1, &|one| one.is_ascii_digit() || matches!(one, '.' | 'e' | 'E' | '+' | '-'));
                let digits: String = chars[at..end].iter().collect();
                at = end;
                let number = serde_json::from_str(&digits);
                Kind::Number(
                    number.map_err(|_| SyntaxError(format!("syntax error, bad number {digits}"), place))?,
                )
            }
            '"' if chars[at..].starts_with(&['"', '"', '"']) => {
                let rest: String = chars[at + 3..].iter().collect();
                let end =
                    rest.find("\"\"\"").ok_or_else(|| SyntaxError("unterminated string".into(), place))?;
                let body = &rest[..end];
                at += 6 + body.chars().count();
                line += body.matches('\n').count();
                Kind::Text(body.trim().to_owned())
            }
            '"' => {
                let mut end = at + 1;
                while end < chars.len() && chars[end] != '"' && chars[end] != '\n' {
                    end += if chars[end] == '\\' { 2 } else { 1 };
                }
                if chars.get(end) != Some(&'"') {
                    return Err(SyntaxError("syntax error, unterminated string".into(), place));
                }
                // The escapes are those of JSON.
                let quoted: String = chars[at..=end].iter().collect();
                at = end + 1;
                let text = serde_json::from_str(&quoted);
                Kind::Text(
                    text.map_err(|_| SyntaxError("syntax error, bad escape in a string".into(), place))?,
                )
            }
            '{' | '}' | '(' | ')' | '[' | ']' | ':' | '!' | '$' | '=' | '@' | '.' | '|' | '&' => {
                at += 1;
                Kind::Mark(here)
            }
            other => {
                return Err(SyntaxError(format!("syntax error, unexpected character '{other}'"), place));
            }
        };
        tokens.push(Token { kind, place });
    }
    tokens.push(Token { kind: Kind::End, place: (line, at.saturating_sub(start) + 1) });
    Ok(tokens)
}

impl Reader {
    fn new(text: &str) -> Result<Reader, SyntaxError> {
        Ok(Reader { tokens: cut(text)?, at: 0, depth: 0 })
    }

    fn here(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn take(&mut self, mark: char) -> bool {
        let found = self.here().kind == Kind::Mark(mark);
        self.at += usize::from(found);
        found
    }

    fn unexpected<T>(&self, wanted: &str) -> Result<T, SyntaxError> {
        let token = self.here();
        let shown = match &token.kind {
            Kind::Name(name) => format!("IDENTIFIER (\"{name}\")"),
            Kind::Number(number) => format!("INT ({number})"),
            Kind::Text(text) => format!("STRING (\"{text}\")"),
            Kind::Mark(mark) => format!("'{mark}'"),
            Kind::End => "end of file".into(),
        };
        let (line, column) = token.place;
        let text = format!("syntax error, unexpected {shown}, expecting {wanted} at [{line}, {column}]");
        Err(SyntaxError(text, token.place))
    }

    fn want(&mut self, mark: char) -> Result<(), SyntaxError> {
        if self.take(mark) { Ok(()) } else { self.unexpected(&format!("'{mark}'")) }
    }

    fn name(&mut self) -> Result<String, SyntaxError> {
        let Kind::Name(name) = self.here().kind.clone() else {
            return self.unexpected("a name");
        };
        self.at += 1;
        Ok(name)
    }

    /// One bracket further in, but not for ever.
    fn deeper<T>(&mut self, read: fn(&mut Reader) -> Result<T, SyntaxError>) -> Result<T, SyntaxError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(SyntaxError("the query nests too deeply".into(), self.here().place));
        }
        let found = read(self);
        self.depth -= 1;
        found
    }

    fn type_ref(&mut self) -> Result<TypeRef, SyntaxError> {
        let inner = if self.take('[') {
            let inner = self.deeper(Reader::type_ref)?;
            self.want(']')?;
            TypeRef::List(Box::new(inner))
        } else {
            TypeRef::Named(self.name()?)
        };
        Ok(if self.take('!') { TypeRef::Required(Box::new(inner)) } else { inner })
    }

    fn literal(&mut self) -> Result<Literal, SyntaxError> {
        if self.take('$') {
            return self.name().map(Literal::Variable);
        }
        if self.take('[') {
            let mut items = Vec::new();
            while !self.take(']') {
                items.push(self.deeper(Reader::literal)?);
            }
            return Ok(Literal::List(items));
        }
        if self.take('{') {
            let mut fields = Vec::new();
            while !self.take('}') {
                let name = self.name()?;
                self.want(':')?;
                fields.push((name, self.deeper(Reader::literal)?));
            }
            return Ok(Literal::Object(fields));
        }
        let literal = match self.here().kind.clone() {
            Kind::Number(number) => Literal::Plain(number),
            Kind::Text(text) => Literal::Plain(json!(text)),
            Kind::Name(name) => match name.as_str() {
                "true" => Literal::Plain(json!(true)),
                "false" => Literal::Plain(json!(false)),
                "null" => Literal::Plain(Value::Null),
                _ => Literal::Word(name),
            },
            _ => return self.unexpected("a value"),
        };
        self.at += 1;
        Ok(literal)
    }

    fn selections(&mut self) -> Result<Vec<Selection>, SyntaxError> {
        self.want('{')?;
        let mut selections = Vec::new();
        while !self.take('}') {
            if self.here().kind == Kind::Mark('.') {
                return Err(SyntaxError("the sandbox does not read fragments".into(), self.here().place));
            }
            let place = self.here().place;
            let first = self.name()?;
            let (alias, name) = if self.take(':') { (Some(first), self.name()?) } else { (None, first) };
            let mut arguments = Vec::new();
            if self.take('(') {
                while !self.take(')') {
                    let name = self.name()?;
                    self.want(':')?;
                    arguments.push((name, self.literal()?));
                }
            }
            let nested = self.here().kind == Kind::Mark('{');
            let nested = if nested { self.deeper(Reader::selections)? } else { vec![] };
            selections.push(Selection { alias, name, arguments, selections: nested, place });
        }
        if selections.is_empty() { self.unexpected("a field") } else { Ok(selections) }
    }

    fn operation(&mut self) -> Result<Operation, SyntaxError> {
        let mut operation = Operation { mutation: false, name: None, variables: vec![], selections: vec![] };
        if let Kind::Name(kind) = self.here().kind.clone() {
            match kind.as_str() {
                "query" => {}
                "mutation" => operation.mutation = true,
                _ => return self.unexpected("query or mutation"),
            }
            self.at += 1;
            if let Kind::Name(name) = self.here().kind.clone() {
                operation.name = Some(name);
                self.at += 1;
            }
            if self.take('(') {
                while !self.take(')') {
                    self.want('$')?;
                    let name = self.name()?;
                    self.want(':')?;
                    let of = self.type_ref()?;
                    let default = if self.take('=') { Some(self.literal()?) } else { None };
                    operation.variables.push(Variable { name, of, default });
                }
            }
        }
        operation.selections = self.selections()?;
        Ok(operation)
    }
}

/// Reads a document.
pub(super) fn document(text: &str) -> Result<Vec<Operation>, SyntaxError> {
    let mut reader = Reader::new(text)?;
    let mut operations = Vec::new();
    while reader.here().kind != Kind::End {
        operations.push(reader.operation()?);
    }
    if operations.is_empty() { reader.unexpected("an operation") } else { Ok(operations) }
}

/// A field or input field of the type table.
pub(super) struct Field {
    pub name: String,
    pub of: TypeRef,
    pub arguments: Vec<Field>,
}

/// One entry of the type table.
pub(super) enum Definition {
    Object(Vec<Field>),
    Input(Vec<Field>),
    Enum(Vec<String>),
}

/// Reads the type table's own language: `type`, `input` and `enum`.
pub(super) fn definitions(text: &str) -> Result<Vec<(String, Definition)>, SyntaxError> {
    let mut reader = Reader::new(text)?;
    let mut found = Vec::new();
    while reader.here().kind != Kind::End {
        let kind = reader.name()?;
        let name = reader.name()?;
        reader.want('{')?;
        let definition = match kind.as_str() {
            "enum" => {
                let mut words = Vec::new();
                while !reader.take('}') {
                    words.push(reader.name()?);
                }
                Definition::Enum(words)
            }
            _ => {
                let mut fields = Vec::new();
                while !reader.take('}') {
                    fields.push(field(&mut reader)?);
                }
                if kind == "input" { Definition::Input(fields) } else { Definition::Object(fields) }
            }
        };
        found.push((name, definition));
    }
    Ok(found)
}

fn field(reader: &mut Reader) -> Result<Field, SyntaxError> {
    let name = reader.name()?;
    let mut arguments = Vec::new();
    if reader.take('(') {
        while !reader.take(')') {
            arguments.push(field(reader)?);
        }
    }
    reader.want(':')?;
    Ok(Field { name, of: reader.type_ref()?, arguments })
}
