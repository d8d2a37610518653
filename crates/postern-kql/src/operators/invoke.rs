//! `invoke`: hands the rows to a function made by `let` as its first argument.

use postern_kql_syntax::ast::Call;

use crate::bind::env::{Env, Named};
use crate::bind::fault::{Bound, Fault, codes};
use crate::bind::scope::Relation;
use crate::bind::{Binder, Meaning};
use crate::functions::context::absent::absent;

/// Applies `invoke`.
pub fn invoke(binder: &Binder, input: Relation, call: &Call, env: &Env) -> Bound<Relation> {
    let Some(Named::Function(function)) = env.find(&call.name.text) else {
        if let Some(why) = absent(&call.name.text) {
            return Err(Fault::unsupported(call.name.span, &format!("`{}()`", call.name.text)).hint(why));
        }
        return Err(Fault::new(
            codes::UNKNOWN_FUNCTION,
            call.name.span,
            format!("no function of this query is named `{}`", call.name.text),
        ));
    };
    match binder.call_user_with(
        function,
        Some(input),
        call,
        &mut crate::bind::expr::Scope::row(&mut binder.nowhere()),
        env,
    )? {
        Meaning::Table(relation) => Ok(*relation),
        Meaning::Scalar(value) => {
            Err(Fault::wrong_type(call.span, "`invoke`", "a function that yields rows", value.ty))
        }
    }
}
