//! Expressions: Rhai with its doors closed.
//!
//! One raw engine per process, without modules, time, printing, `eval`, loops, functions or closures; what may be
//! called is the table of `functions/` and nothing else, and every expression is checked against it when the flow
//! is compiled. Rhai's own count of operations is no budget (it starts anew in every callback), so operations are
//! counted in one shared counter, `budget.rs`, in which long texts and lists cost what they weigh. Operations stand
//! for a deadline: their number does not depend on the machine.

mod budget;
mod functions;
mod hints;
mod value;

use std::sync::{Arc, LazyLock};

use rhai::packages::{BasicMathPackage, CorePackage, LogicPackage, Package};
use rhai::{AST, ASTNode, Dynamic, Engine, EvalAltResult, Expr, FnCallExpr, OptimizationLevel, Scope, Stmt};
use serde_json::Value;

pub(crate) use functions::checks::{email, url};
pub(crate) use functions::is_function;
pub(crate) use functions::text::title;
pub(crate) use value::number;

use crate::check::problems::Problem;
use crate::diagnostic::Diagnostic;
use crate::fault::{Fault, FaultCode};
use crate::limits;
use crate::world::{Names, World};

/// Words that Rhai keeps for itself.
pub(crate) const RESERVED: [&str; 60] = [
    "if",
    "else",
    "switch",
    "in",
    "is",
    "let",
    "const",
    "var",
    "fn",
    "private",
    "true",
    "false",
    "null",
    "nil",
    "new",
    "use",
    "module",
    "package",
    "static",
    "shared",
    "with",
    "match",
    "case",
    "default",
    "do",
    "while",
    "until",
    "for",
    "loop",
    "break",
    "continue",
    "return",
    "throw",
    "try",
    "catch",
    "import",
    "export",
    "as",
    "global",
    "this",
    "eval",
    "print",
    "debug",
    "call",
    "curry",
    "type_of",
    "void",
    "go",
    "spawn",
    "thread",
    "sync",
    "async",
    "await",
    "yield",
    "public",
    "protected",
    "super",
    "goto",
    "exit",
    "Fn",
];

/// What an expression is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// True or false, nothing else.
    Condition,
    /// Any value.
    Value,
}

/// A compiled expression; cheap to clone, shared between threads.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    source: Arc<str>,
    ast: Arc<AST>,
    names: Arc<[String]>,
}

impl Expression {
    /// Compiles and checks; all findings at once.
    pub(crate) fn compile(
        source: &str,
        path: &str,
        want: Want,
        names: &Names,
        locals: &[&str],
        findings: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let length = source.chars().count();
        if length > limits::EXPRESSION_CHARS {
            findings.push(too_long(path, length, limits::EXPRESSION_CHARS));
            return None;
        }
        let ast = match ENGINE.compile_expression(source) {
            Ok(ast) => ast,
            Err(error) if error.to_string().contains("maximum complexity") => {
                findings.push(too_long(path, limits::EXPRESSION_DEPTH + 1, limits::EXPRESSION_DEPTH));
                return None;
            }
            Err(error) => {
                let diagnostic = Diagnostic::new(Problem::BadExpression, path).with("what", error.to_string());
                findings.push(diagnostic.with("hint", hints::hint(source)));
                return None;
            }
        };
        let used = check(&ast, path, names, locals, findings);
        if want == Want::Condition {
            check_condition(&ast, path, findings);
        }
        // A draft with an unknown name still runs up to it: the fault then says which.
        Some(Self { source: source.into(), ast: Arc::new(ast), names: used.into() })
    }

    /// What the author wrote.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// The names it reads.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Its value, and the operations it took, which are taken from `left`.
    pub(crate) fn evaluate(&self, world: &World<'_>, limit: u64, left: &mut u64) -> Result<Value, Fault> {
        let mut scope = Scope::new();
        for name in self.names.iter() {
            if let Some(value) = world.value(name) {
                scope.push_constant_dynamic(name.as_str(), value::to_dynamic(value));
            }
        }
        let allowed = limit.min(*left);
        let (result, spent) = budget::within(allowed, || ENGINE.eval_ast_with_scope::<Dynamic>(&mut scope, &self.ast));
        *left = left.saturating_sub(spent);
        let fault = |code, text: String| Fault::new(code, format!("`{}`: {text}", self.source));
        match result {
            Ok(value) => value::from_dynamic(value).map_err(|text| fault(FaultCode::Expression, text.to_owned())),
            Err(error) if ran_out(&error) => Err(fault(FaultCode::LimitOps, format!("more than {allowed} operations"))),
            Err(error) => Err(fault(FaultCode::Expression, error.to_string())),
        }
    }

    /// Its value as a condition: anything but true or false is a fault.
    pub(crate) fn holds(&self, world: &World<'_>, limit: u64, left: &mut u64) -> Result<bool, Fault> {
        match self.evaluate(world, limit, left)? {
            Value::Bool(holds) => Ok(holds),
            Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                // The value itself may be the customer's: it does not go into a log.
                Err(Fault::new(FaultCode::Expression, format!("`{}` is neither true nor false", self.source)))
            }
        }
    }
}

fn too_long(path: &str, found: usize, allowed: usize) -> Diagnostic {
    Diagnostic::new(Problem::ExpressionTooLong, path)
        .with("found", found.to_string())
        .with("allowed", allowed.to_string())
}

fn ran_out(error: &EvalAltResult) -> bool {
    let error = error.unwrap_inner();
    if let EvalAltResult::ErrorRuntime(token, _) = error {
        return budget::is_token(token);
    }
    matches!(error, EvalAltResult::ErrorTerminated(..) | EvalAltResult::ErrorTooManyOperations(..))
}

/// Walks the syntax tree: unknown names and functions. Gives the names that are read.
fn check(ast: &AST, path: &str, names: &Names, locals: &[&str], findings: &mut Vec<Diagnostic>) -> Vec<String> {
    let mut used: Vec<String> = Vec::new();
    let call = |name: &str, arguments: usize, findings: &mut Vec<Diagnostic>| match functions::arity(name) {
        None => findings.push(
            Diagnostic::new(Problem::UnknownFunction, path).with("name", name).suggesting(name, functions::names()),
        ),
        Some((min, max)) if arguments < min || arguments > max => {
            let allowed = if min == max { min.to_string() } else { format!("{min}-{max}") };
            let diagnostic = Diagnostic::new(Problem::WrongArguments, path).with("name", name);
            findings.push(diagnostic.with("allowed", allowed).with("found", arguments.to_string()));
        }
        Some(_) => {}
    };
    ast.walk(&mut |nodes: &[ASTNode<'_>]| {
        // A call that is the whole expression is a statement to Rhai.
        if let Some(ASTNode::Stmt(Stmt::FnCall(function, _))) = nodes.last() {
            if function.op_token.is_none() {
                call(&function.name, function.args.len(), findings);
            }
        } else if let Some(ASTNode::Expr(expr)) = nodes.last() {
            if let Expr::Variable(variable, ..) = expr {
                let name = variable.1.as_str();
                if !used.iter().any(|u| u == name) {
                    used.push(name.to_owned());
                }
            } else if let Expr::FnCall(function, _) = expr {
                if function.op_token.is_none() {
                    call(&function.name, function.args.len(), findings);
                }
            } else if let Expr::MethodCall(function, _) = expr {
                call(&function.name, function.args.len() + 1, findings);
            }
        }
        true
    });
    for name in used.iter().filter(|name| !names.knows(name, locals)) {
        findings.push(
            Diagnostic::new(Problem::UnknownInExpression, path)
                .with("name", name.as_str())
                .suggesting(name, names.all(locals)),
        );
    }
    used
}

/// What is surely no condition, or surely always the same one.
fn check_condition(ast: &AST, path: &str, findings: &mut Vec<Diagnostic>) {
    let expr: &Expr = match ast.statements().first() {
        Some(Stmt::Expr(expr)) => expr,
        Some(Stmt::FnCall(function, _)) => {
            if let Some(found) = not_a_condition(function) {
                findings.push(Diagnostic::new(Problem::NotACondition, path).with("found", found));
            }
            return;
        }
        Some(_) | None => return,
    };
    if let Expr::BoolConstant(constant, _) = expr {
        let found = if *constant { "true" } else { "false" };
        findings.push(Diagnostic::new(Problem::ConstantCondition, path).with("found", found));
        return;
    }
    let found = if matches!(expr, Expr::StringConstant(..) | Expr::InterpolatedString(..) | Expr::CharConstant(..)) {
        "text"
    } else if matches!(expr, Expr::IntegerConstant(..) | Expr::FloatConstant(..)) {
        "number"
    } else if matches!(expr, Expr::Array(..)) {
        "list"
    } else if matches!(expr, Expr::Map(..) | Expr::DynamicConstant(..)) {
        "object"
    } else if let Expr::FnCall(function, _) = expr {
        not_a_condition(function).unwrap_or_default()
    } else {
        ""
    };
    if !found.is_empty() {
        findings.push(Diagnostic::new(Problem::NotACondition, path).with("found", found));
    }
}

/// What a call gives, if that is surely neither true nor false.
fn not_a_condition(function: &FnCallExpr) -> Option<&str> {
    let name = function.name.as_str();
    if function.op_token.is_some() {
        return matches!(name, "+" | "-" | "*" | "/" | "%" | "**").then_some("number");
    }
    (functions::is_condition(name) == Some(false)).then_some(name)
}

/// The only Rhai engine of the workspace.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let mut engine = Engine::new_raw();
    CorePackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    functions::register(&mut engine);
    engine
        .set_max_operations(limits::Limits::MAXIMA.expression_operations)
        .set_max_expr_depths(limits::EXPRESSION_DEPTH, 0)
        .set_max_string_size(limits::Limits::MAXIMA.state_bytes)
        .set_max_array_size(1_000)
        .set_max_map_size(1_000)
        .set_max_variables(300)
        .set_max_strings_interned(1_024)
        .set_max_functions(0)
        .set_allow_anonymous_fn(false)
        .set_allow_looping(false)
        .set_allow_statement_expression(false)
        .set_allow_shadowing(false)
        .set_optimization_level(OptimizationLevel::Simple);
    engine.on_progress(|_| budget::spend(1).is_err().then_some(Dynamic::UNIT));
    for symbol in ["eval", "print", "debug", "Fn", "call", "curry", "is_def_fn", "is_def_var", "type_of"] {
        engine.disable_symbol(symbol);
    }
    engine
});

#[cfg(test)]
mod tests;
